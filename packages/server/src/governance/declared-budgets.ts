/** Budget manifests of all tenants, as they are declared now, by the tenant whose calls they stand on. */
import type { BudgetManifest, Manifest } from "@agentcore/contract";
import type { DeclaredBudget } from "@agentcore/core/governance";
import type { ManifestStore } from "../manifests/manifest-store.ts";

interface Standing extends DeclaredBudget {
  /** The tenant whose calls it stands on. */
  readonly on: string;
}

const NONE: readonly DeclaredBudget[] = [];

export class DeclaredBudgets {
  /** By the tenant that it stands in, and by name. */
  private readonly declared = new Map<string, Map<string, Standing>>();
  private byTenant: ReadonlyMap<string, readonly DeclaredBudget[]> = new Map();

  /** What stands on calls of the tenant: what it has set itself, and what operators have set for it. Asked by every call. */
  of(tenantId: string): readonly DeclaredBudget[] {
    return this.byTenant.get(tenantId) ?? NONE;
  }

  set(tenantId: string, { metadata: { name }, spec }: BudgetManifest): void {
    const named = "tenant" in spec.scope && spec.scope.tenant !== "*" ? spec.scope.tenant : tenantId;
    const budgets = this.declared.get(tenantId) ?? new Map<string, Standing>();
    budgets.set(name, { name, spec, on: named, declaredBy: named === tenantId ? "tenant" : "operators" });
    this.declared.set(tenantId, budgets);
    this.regroup();
  }

  delete(tenantId: string, name: string): void {
    if (this.declared.get(tenantId)?.delete(name) === true) this.regroup();
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list" | "tenants">): Promise<void> {
    for (const tenantId of await store.tenants()) {
      const manifests = (await store.list(tenantId, "Budget")).map(({ manifest }) => manifest).filter(isBudget);
      const names = new Set(manifests.map(({ metadata }) => metadata.name));
      for (const manifest of manifests) this.set(tenantId, manifest);
      for (const name of [...(this.declared.get(tenantId)?.keys() ?? [])])
        if (!names.has(name)) this.delete(tenantId, name);
    }
  }

  private regroup(): void {
    const byTenant = new Map<string, DeclaredBudget[]>();
    for (const budgets of this.declared.values())
      for (const { on, ...budget } of budgets.values()) byTenant.set(on, [...(byTenant.get(on) ?? []), budget]);
    this.byTenant = byTenant;
  }
}

export const isBudget = (manifest: Manifest): manifest is BudgetManifest => manifest.kind === "Budget";

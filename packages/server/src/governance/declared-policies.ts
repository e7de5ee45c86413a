/** Policy manifests of all tenants, as they are declared now. */
import type { Manifest, PolicyManifest } from "@agentcore/contract";
import type { DeclaredPolicy } from "@agentcore/core/governance";
import type { ManifestStore } from "../manifests/manifest-store.ts";

const NONE: readonly DeclaredPolicy[] = [];

export class DeclaredPolicies {
  /** By name, in their order, so that all nodes give the same reasons. */
  private readonly byTenant = new Map<string, readonly DeclaredPolicy[]>();

  /** Asked by every call of a tool. */
  of(tenantId: string): readonly DeclaredPolicy[] {
    return this.byTenant.get(tenantId) ?? NONE;
  }

  set(tenantId: string, { metadata: { name }, spec }: PolicyManifest): void {
    const others = this.of(tenantId).filter((policy) => policy.name !== name);
    const policies = [...others, { name, spec }].toSorted((one, other) => (one.name < other.name ? -1 : 1));
    this.byTenant.set(tenantId, policies);
  }

  delete(tenantId: string, name: string): void {
    const left = this.of(tenantId).filter((policy) => policy.name !== name);
    if (left.length === 0) this.byTenant.delete(tenantId);
    else this.byTenant.set(tenantId, left);
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list" | "tenants">): Promise<void> {
    for (const tenantId of await store.tenants()) {
      const manifests = (await store.list(tenantId, "Policy")).map(({ manifest }) => manifest).filter(isPolicy);
      const names = new Set(manifests.map(({ metadata }) => metadata.name));
      for (const manifest of manifests) this.set(tenantId, manifest);
      for (const { name } of this.of(tenantId)) if (!names.has(name)) this.delete(tenantId, name);
    }
  }
}

const isPolicy = (manifest: Manifest): manifest is PolicyManifest => manifest.kind === "Policy";

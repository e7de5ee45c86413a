/**
 * Tenant manifests as the engine reads them. They lie beside the tenants, not in them: a tenant must not be able to raise
 * its own share.
 */
import { type Manifest, PlatformError, parseDuration, type TenantManifest } from "@agentcore/contract";
import type { TenantPolicy } from "@agentcore/core/tasks";
import { DEFAULT_TENANT, SYSTEM_TENANT } from "../gateway/deps/tenants.ts";
import type { ManifestStore } from "./manifest-store.ts";

/** Tenant manifests speak for the whole cluster: whoever may not write them all sees its own tenant's only (I7). */
export const seesTenant = (tenantId: string, name: string): boolean => tenantId === DEFAULT_TENANT || tenantId === name;

/** Throws PERMISSION_DENIED. */
export const assertMayDeclareTenants = (tenantId: string): void => {
  if (tenantId === DEFAULT_TENANT) return;
  throw new PlatformError(
    "PERMISSION_DENIED",
    `tenants are declared by operators of the tenant "${DEFAULT_TENANT}" only`,
  );
};

export class TenantPolicies {
  private readonly policies = new Map<string, TenantPolicy>();

  /** By tenant; changes as manifests do. */
  get all(): ReadonlyMap<string, TenantPolicy> {
    return this.policies;
  }

  set(manifest: TenantManifest): void {
    const { weight, limits, retention, discovery } = manifest.spec;
    this.policies.set(manifest.metadata.name, {
      weight,
      maxRunning: limits?.concurrency,
      maxBacklog: limits?.backlog,
      ...(discovery === undefined ? {} : { discovery }),
      ...(retention === undefined ? {} : { retention: retentionOf(retention) }),
    });
  }

  delete(name: string): void {
    this.policies.delete(name);
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list">): Promise<void> {
    const declared = (await store.list(SYSTEM_TENANT, "Tenant")).map(({ manifest }) => manifest).filter(isTenant);
    const names = new Set(declared.map(({ metadata }) => metadata.name));
    for (const manifest of declared) this.set(manifest);
    for (const name of this.policies.keys()) if (!names.has(name)) this.delete(name);
  }
}

const retentionOf = ({
  compactAfter,
  removeAfter,
  removeUsageAfter,
  removeHomeFilesAfter,
  maxHomeBytes,
}: NonNullable<TenantManifest["spec"]["retention"]>): TenantPolicy["retention"] => ({
  compactAfterMs: millisecondsOf(compactAfter),
  removeAfterMs: millisecondsOf(removeAfter),
  removeUsageAfterMs: millisecondsOf(removeUsageAfter),
  removeHomeFilesAfterMs: millisecondsOf(removeHomeFilesAfter),
  maxHomeBytes,
});

const millisecondsOf = (duration: string | undefined): number | undefined =>
  duration === undefined ? undefined : (parseDuration(duration) ?? undefined);

const isTenant = (manifest: Manifest): manifest is TenantManifest => manifest.kind === "Tenant";

import type { ManifestKind } from "@agentcore/contract";
import type { LoadedAgent } from "@agentcore/core/tasks";

export interface ApplyResult {
  readonly kind: string;
  readonly name: string;
  readonly change: "created" | "configured" | "unchanged";
  readonly revision: string;
}

export interface ManifestService {
  /** All or nothing. Throws INVALID_ARGUMENT with a violation per refused field. With `dryRun` nothing changes. */
  apply(
    tenantId: string,
    manifests: readonly unknown[],
    options: { readonly dryRun: boolean; readonly overHttp?: boolean },
  ): Promise<readonly ApplyResult[]>;
  /**
   * An agent or workflow as it would be, ready to be run and not applied; its code is loaded. Throws INVALID_ARGUMENT (also for other kinds),
   * PERMISSION_DENIED, TOO_LARGE.
   */
  prepare(
    tenantId: string,
    manifest: unknown,
    options?: { readonly overHttp?: boolean },
  ): Promise<{ readonly name: string; readonly revision: string; readonly agent: LoadedAgent }>;
  get(tenantId: string, kind: ManifestKind, name: string): Promise<unknown>;
  list(tenantId: string, kind?: ManifestKind): Promise<readonly unknown[]>;
  /** False when there was none. */
  delete(tenantId: string, kind: ManifestKind, name: string): Promise<boolean>;
}

import type { ListedTool } from "@agentcore/core/ports";
import type { CallerScope } from "@agentcore/core/tasks";

/** A Tool manifest, and how its tools are to be had on this node. */
export interface ToolManifestStatus {
  readonly name: string;
  readonly description: string;
  /** Where the tools are: a program, an address, or a library of the node's own. */
  readonly from: "stdio" | "http" | "library";
  /** Its name. */
  readonly library?: string;
  /** `idle`: not open, since nobody needed it lately; `failed`: it could not be opened, and is left in peace for a while. */
  readonly state: "open" | "idle" | "failed";
  readonly server?: { readonly name: string; readonly version: string; readonly protocol: string };
  readonly reason?: string;
}

/** A library that Tool manifests may name. */
export interface ToolLibraryStatus {
  readonly name: string;
  /** The package that it comes with, or the file of an operator's own. */
  readonly from: string;
  readonly installed: boolean;
  readonly description?: string;
  /** JSON Schema, where its schema library tells one. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Tools of Tool manifests. */
export interface ToolService {
  /** By name. */
  list(tenantId: string): Promise<readonly ToolManifestStatus[]>;
  /** By name. */
  libraries(): Promise<readonly ToolLibraryStatus[]>;
  /** As whoever asks may see them. Throws NOT_FOUND, NOT_INSTALLED, CONFIG_INVALID, UPSTREAM_FAILED, UNAUTHENTICATED, OVERLOADED. */
  tools(scope: CallerScope, manifest: string, signal: AbortSignal): Promise<readonly ListedTool[]>;
  /** By hand, outside of any task. `tool`: by either of its names. Throws as `tools`, INVALID_ARGUMENT. */
  call(
    scope: CallerScope,
    manifest: string,
    tool: string,
    call: { readonly input: unknown; readonly signal: AbortSignal },
  ): Promise<unknown>;
  /** Who has consented to the server of a manifest; of others than themselves only operators are told. Throws NOT_FOUND, to operators. */
  consents(scope: CallerScope, manifest: string): Promise<readonly ToolConsent[]>;
  /** Takes back what `caller` has consented to. Throws NOT_FOUND, PERMISSION_DENIED (another's, and no operator). */
  revoke(scope: CallerScope, manifest: string, caller: string): Promise<void>;
}

export interface ToolConsent {
  readonly caller: string;
  /** ISO 8601: when they did last. */
  readonly since: string;
  /** As they were granted; empty where that was not said. */
  readonly scopes: readonly string[];
}

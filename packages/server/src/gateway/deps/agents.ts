/** Who there is, as front doors show it. */
import type { A2AVersion, AgentExtension, AgentSkill } from "@agentcore/contract";
import type { AgentProfile } from "@agentcore/contract/authoring";

/** An agent as a front door shows it. */
export interface AgentDescription {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly skills: readonly AgentSkill[];
  /** Changes whenever the manifest or the code does. */
  readonly revision: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly state: string;
  /** Why it is in that state, when there is something to say. */
  readonly reason?: string | undefined;
  /** Media types that message parts may have. @default ["text/plain", "application/json"] */
  readonly inputModes?: readonly string[] | undefined;
  /** @default ["text/plain", "application/json"] */
  readonly outputModes?: readonly string[] | undefined;
  /** What it promises. @default nothing */
  readonly profile?: AgentProfile | undefined;
  /** Extensions of A2A that it declares. @default none */
  readonly extensions?: readonly AgentExtension[] | undefined;
  /** Versions of A2A that it is served in. @default all */
  readonly a2aVersions?: readonly A2AVersion[] | undefined;
  /** What callers who authenticated are shown beyond the card. @default none: there is no extended card */
  readonly extendedCard?:
    | { readonly description?: string | undefined; readonly skills?: readonly AgentSkill[] | undefined }
    | undefined;
  /** What a caller must be good for, all of it. @default nothing */
  readonly scopes?: readonly string[] | undefined;
  /** JSON Schema of what its tasks are given; undefined where its schema cannot be told, or there is none. @default none */
  readonly inputJsonSchema?: (() => Readonly<Record<string, unknown>> | undefined) | undefined;
  /** How it is shown to clients of MCP. @default under its own name */
  readonly mcp?: { readonly tool?: string | undefined; readonly hidden?: boolean | undefined } | undefined;
  /** False for one that answers queries only. @default true */
  readonly takesTasks?: boolean | undefined;
  /** Doing the same task twice does no harm. @default false */
  readonly idempotent?: boolean | undefined;
  /** Of a workflow: how many nodes its graph has. */
  readonly nodes?: number | undefined;
}

export interface AgentDirectory {
  list(tenantId: string): readonly AgentDescription[];
  get(tenantId: string, name: string): AgentDescription | null;
  /** Calls back when agents of a tenant are others than before. @default nobody is told */
  watch?(listener: (tenantId: string) => void): void;
}

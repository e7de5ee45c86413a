import type { AgentDefinition } from "@agentcore/contract/authoring";

export interface AgentRevision {
  readonly tenantId: string;
  readonly agent: string;
  /** Hash of manifest and code. */
  readonly revision: string;
}

export interface LoadedAgent {
  readonly definition: AgentDefinition;
  readonly env: Readonly<Record<string, string>>;
  /** Tasks of this agent that may be resident here at once. */
  readonly concurrency: number;
}

/** Where author code runs. A revision stays loadable as long as it has open tasks. */
export interface AgentHost {
  /** The loaded revision, or null when this node cannot load it (yet). */
  load(revision: AgentRevision): LoadedAgent | null | Promise<LoadedAgent | null>;
}

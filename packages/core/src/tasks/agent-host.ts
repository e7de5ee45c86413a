import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { ApartCode } from "./apart-code.ts";

export interface AgentRevision {
  readonly tenantId: string;
  readonly agent: string;
  /** Hash of manifest and code. */
  readonly revision: string;
}

export interface LoadedAgent {
  readonly definition: AgentDefinition;
  readonly env: Readonly<Record<string, string>>;
  /** Tasks of this revision that may be in memory here at once, for agents without an entry in `capacities`. */
  readonly concurrency: number;
  /** Tasks of the agent that may run at once on all nodes together, for agents that are not declared here. @default no limit */
  readonly maxRunning?: number | undefined;
  /** Runs its tasks in place of `definition.run`. @default its code runs in this process */
  readonly apart?: ApartCode | undefined;
}

/** Where author code runs. A revision stays loadable as long as it has open tasks. */
export interface AgentHost {
  /** The loaded revision, or null when this node cannot load it (yet). */
  load(revision: AgentRevision): LoadedAgent | null | Promise<LoadedAgent | null>;
  /**
   * Tasks that may be in memory here at once, by `tenant/agent`, of every agent declared here: replicas × concurrency,
   * whatever revision they are of. 0 while it is scaled to zero, or only others can run it: its tasks wait in the store.
   */
  readonly capacities: ReadonlyMap<string, number>;
  /** Tasks that may run at once on all nodes together, by `tenant/agent`, of the agents declared with such a limit. @default none */
  readonly maxRunning?: ReadonlyMap<string, number> | undefined;
}

import type { NeedTarget } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

/** Who could do something, in an order. */
export interface AgentFinder {
  /** As a command to that target would be routed now. Throws what the bus throws, but for nobody. */
  find(scope: CallerScope, target: NeedTarget, signal: AbortSignal): Promise<FoundAgents>;
}

export interface FoundAgents {
  /** The one that would be chosen first. */
  readonly found: readonly {
    readonly agent: string;
    readonly score: number;
    readonly similarity: number;
    readonly latencyMs: number;
    readonly costUsd: number;
    readonly quality: number;
    readonly why: string;
  }[];
  readonly reasons: readonly string[];
  /** A model was to be asked and could not be: with it there may be more. */
  readonly isPartial: boolean;
  /** Of a need that nobody meets. */
  readonly nearest: readonly { readonly agent: string; readonly why: string }[];
}

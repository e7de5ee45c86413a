import { type FailureMode, type Handoff, MAX_HANDOFFS } from "@agentcore/contract";

export interface LoopFacts {
  /** The tasks above the new one and the task that sends it, the oldest first. */
  readonly chain: readonly Handoff[];
  /** Who would get which content. */
  readonly next: Handoff;
  /** How often in a row the sending task has had the same answer to the same command from this agent. */
  readonly repeats: number;
}

export type LoopVerdict =
  | { readonly choice: "go"; readonly reasons: readonly [] }
  | {
      readonly choice: "stop";
      /** How agents that work together fail so: docs/failure-modes.md. */
      readonly failureMode: FailureMode;
      readonly reasons: readonly string[];
    };

// An agent that hands the same on to itself may have changed something once; twice in one chain it has not.
const MAX_SAME_IN_CHAIN = 2;
// Polling without waiting: a task that means it sleeps in between, which starts the count anew.
const MAX_REPEATS = 10;

const GO: LoopVerdict = { choice: "go", reasons: [] };

/** Whether a command goes round in a circle: same agent and same content again and again, or no end in depth. Pure. */
export const detectLoop = ({ chain, next, repeats }: LoopFacts): LoopVerdict => {
  const same = chain.filter(({ agent, content }) => agent === next.agent && content === next.content).length;
  if (same >= MAX_SAME_IN_CHAIN) {
    const path = [...chain, next].map(({ agent }) => agent).join(" → ");
    return stop(
      "step-repetition",
      `agent ${next.agent} was asked the same ${same} times before in this chain of commands: ${path}`,
    );
  }
  if (chain.length >= MAX_HANDOFFS) {
    const path = chain.slice(-4).map(({ agent }) => agent);
    return stop(
      "unaware-of-termination-conditions",
      `${chain.length} tasks stand above this command, ${MAX_HANDOFFS} are allowed; the last are ${[...path, next.agent].join(" → ")}`,
    );
  }
  if (repeats >= MAX_REPEATS)
    return stop(
      "step-repetition",
      `agent ${next.agent} gave the same answer to the same command ${repeats} times in a row, with nothing in between`,
    );
  return GO;
};

const stop = (failureMode: FailureMode, reason: string): LoopVerdict => ({
  choice: "stop",
  failureMode,
  reasons: [reason],
});

/** The chain of commands a task stands in, and the stop when it goes round. */
import { type Handoff, PlatformError } from "@agentcore/contract";
import type { Digest } from "../ports/index.ts";
import { detectLoop } from "../routing/index.ts";
import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";

/** What an agent is asked, in short. */
export const contentOf = (digest: Digest, skill: string | undefined, input: unknown): string =>
  digest.sha256(JSON.stringify([skill, input])).slice(0, 16);

/** Throws LOOP_DETECTED, with the decision in the log. */
export const refuseLoop = (execution: Execution, call: OpenCall, next: Handoff): void => {
  const chain = execution.handoffs;
  const verdict = detectLoop({ chain, next, repeats: execution.repeats.of(call) });
  if (verdict.choice === "go") return;
  const { failureMode } = verdict;
  const reasons = [...verdict.reasons];
  const { services } = execution;
  execution.append(
    {
      type: "decision.made",
      at: services.senses.clock.now(),
      data: {
        ...{ path: call.path, kind: "handoff", choice: null, scores: [] },
        reasons: [...reasons, `failure mode: ${failureMode}`],
      },
    },
    () => services.sawFailure(execution, failureMode),
  );
  throw new PlatformError("LOOP_DETECTED", reasons.join("; "), { details: { failureMode, chain, next } });
};

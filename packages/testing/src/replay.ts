/** Replays a recorded log against code, without any effect: does the code still ask what it asked? */
import { PlatformError, type TaskEvent } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { dryRun } from "@agentcore/core/tasks";
import { createFnvDigest, createSequentialIds } from "@agentcore/core/testing";
import { runnableAgent } from "./runnable-agent.ts";
import type { AnyAgent } from "./test-agent.ts";
import { macrotask } from "./test-clock.ts";
import { TENANT } from "./test-process.ts";

export type ReplayResult =
  | { readonly ok: true }
  /** `recorded`: what the log holds; `asked`: what the code did instead. */
  | { readonly ok: false; readonly diverged: { readonly recorded: unknown; readonly asked: unknown } };

// Of real time, which a load of many tests may take.
const PATIENCE_TURNS = 40;

/**
 * Runs `agent` over `history` (of `run.events`, or read from a log) up to its end. Nothing that is not recorded runs.
 * Open histories are replayed as far as they go; a finished one must also end the same way. `of`: whose log it is; code that draws
 * `ctx.id()` or `ctx.random()` gets from it what it got then.
 */
export const replay = async (
  history: readonly TaskEvent[],
  agent: AnyAgent,
  of: { readonly taskId?: string; readonly tenantId?: string } = {},
): Promise<ReplayResult> => {
  const [first] = history;
  if (first?.type !== "task.submitted")
    throw new PlatformError(
      "INVALID_ARGUMENT",
      first?.type === "log.compacted"
        ? `replay: the first ${first.seq} events of this log were compacted; a whole log is needed`
        : "replay: expected a log that begins with task.submitted",
    );
  const { agent: name, revision, contextId, caller, priority, deadline = null, parent = null } = first.data;
  const ids = { tenantId: of.tenantId ?? TENANT, taskId: of.taskId ?? "replayed" };
  const checkpointSeq = history.findLast(({ type }) => type === "checkpoint.created")?.seq ?? 0;
  let turns = 0;
  const { differs } = await dryRun({
    head: { ...ids, agent: name, revision, contextId, caller, priority, deadline, parent, createdAt: first.at },
    loaded: { definition: await runnableAgent(agent as AgentDefinition), env: {}, concurrency: 1 },
    events: history,
    checkpointSeq,
    clock: {
      // Time is told by turns: none of it passes in a test.
      monotonic: () => turns,
      after: (_ms, callback) => {
        turns += 1;
        const timer = setTimeout(callback);
        return { cancel: () => clearTimeout(timer) };
      },
      turn: macrotask,
    },
    digest: createFnvDigest(),
    ids: createSequentialIds("replay"),
    patienceMs: PATIENCE_TURNS,
  });
  if (differs === null) return { ok: true };
  const { recorded, made } = differs;
  return { ok: false, diverged: { recorded, asked: made } };
};

/** Gives an event to the open task that an event of the same key began, or else begins one: one at a time for each key. */
import { isTerminal, PlatformError } from "@agentcore/contract";
import type { NewTask, OutboxRow, TaskHead, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { READ_BATCH, READ_BYTES } from "./log-reader.ts";
import { type LogAccess, signalTask } from "./signal-task.ts";

// Each means that a task ended, or another was begun, in the moment between a look and a write.
const MAX_TRIES = 20;
// Tasks of a key that are asked whether they have had the event: each that has ended costs a look at its log.
const LOOKED_AT = 5;

/**
 * What makes it one at a time is the idempotency key, which names the task that it comes after in the context that stands for trigger and key.
 * An event that is carried again, after a crash or an error, begins nothing when it began one of the last tasks or was given to it. Throws
 * what keeps the event from being given now: OVERLOADED, STORE_UNAVAILABLE, UNAVAILABLE.
 */
export const correlateEvent = async (
  engine: TaskEngine,
  row: Pick<OutboxRow, "tenantId" | "id">,
  { topic, input, task }: { readonly topic: string; readonly input: unknown; readonly task: NewTask },
): Promise<void> => {
  const { store } = engine;
  const { tenantId } = row;
  const { agent, caller, contextId, taskId } = task;
  const headOf = (id: string): Promise<TaskHead | null> => store.head({ tenantId, taskId: id });
  // Carried before, by a process that died before it said so.
  const wasBegun = async (): Promise<boolean> => (await headOf(taskId)) !== null;
  if (await wasBegun()) return;
  const signal = { id: row.id, name: topic, by: caller, payload: input };
  /** Also true of a task that has ended, when it had the event before. */
  const give = async (head: TaskHead): Promise<boolean> => {
    try {
      await signalTask(engine, head, signal, logAccess(engine, head));
      return true;
    } catch (error) {
      if (PlatformError.is(error) && error.code === "TASK_TERMINAL") return false;
      throw error;
    }
  };
  const { heads } = await store.list({ tenantId, agent, caller, contextId, limit: LOOKED_AT });
  const ended = heads.filter(({ state }) => isTerminal(state));
  // Before the open one is given it: that may have been begun by an event that came later.
  for (const head of ended) if (await give(head)) return;
  let at = heads.find(({ state }) => !isTerminal(state)) ?? null;
  let last = (at ?? ended[0])?.taskId ?? "";
  // However old the look is: a task has one that comes after it, whoever begins that, and none is begun after one before it was seen to
  // have ended. So what was begun meanwhile is met on the way from `last`, and the end of that way is the only one that may be open.
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (at !== null && (await give(at))) return;
    const idempotencyKey = `correlate/${contextId}/${last}`;
    const [outcome] = await store.commit([{ tenantId, create: [{ ...task, idempotencyKey }] }]);
    if (outcome?.outcome === "committed") return;
    if (await wasBegun()) return;
    const other = outcome?.outcome === "stale" ? outcome.existingTaskId : undefined;
    if (other === undefined) continue;
    // Null when it was removed since: another may come after it.
    at = await headOf(other);
    last = other;
  }
  throw new PlatformError("UNAVAILABLE", `too many tasks of agent ${agent} begin and end for one key at once`);
};

const logAccess = ({ store }: TaskEngine, key: TaskKey): LogAccess => ({
  inTurn: (work) => work(),
  async *readLog(after, without) {
    for (let from = after; ; ) {
      const page = await store.readLog(key, { after: from, limit: READ_BATCH, maxBytes: READ_BYTES, without });
      if (page.length === 0) return;
      yield* page;
      from = page.at(-1)?.seq ?? from;
    }
  },
});

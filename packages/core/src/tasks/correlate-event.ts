/** Gives an event to the open task that an event of the same key began, or else begins one: one at a time for each key. */
import { isTerminal, PlatformError, TASK_STATES } from "@agentcore/contract";
import type { NewTask, OutboxRow, TaskHead, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { READ_BATCH, READ_BYTES } from "./log-reader.ts";
import { type LogAccess, signalTask } from "./signal-task.ts";

const OPEN = TASK_STATES.filter((state) => !isTerminal(state));
// Each means that a task ended, or another was begun, in the moment between a look and a write.
const MAX_TRIES = 20;

/**
 * What makes it one at a time is the idempotency key, which counts the tasks of the context that stands for trigger and key. Throws what keeps
 * the event from being given now: OVERLOADED, STORE_UNAVAILABLE, UNAVAILABLE.
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
  const give = async (head: TaskHead): Promise<boolean> => {
    try {
      await signalTask(engine, head, signal, logAccess(engine, head));
      return true;
    } catch (error) {
      if (PlatformError.is(error) && error.code === "TASK_TERMINAL") return false;
      throw error;
    }
  };
  const of = { tenantId, agent, caller, contextId, limit: 1 };
  let open = (await store.list({ ...of, states: OPEN })).heads[0] ?? null;
  let generation = (await store.list(of)).total;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (open !== null && (await give(open))) return;
    const idempotencyKey = `correlate/${contextId}/${generation}`;
    const [outcome] = await store.commit([{ tenantId, create: [{ ...task, idempotencyKey }] }]);
    if (outcome?.outcome === "committed") return;
    if (await wasBegun()) return;
    const other = outcome?.outcome === "stale" ? outcome.existingTaskId : undefined;
    const existing = other === undefined ? null : await headOf(other);
    open = existing === null || isTerminal(existing.state) ? null : existing;
    if (open === null) generation += 1;
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

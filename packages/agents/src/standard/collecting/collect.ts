/**
 * How an agent keeps what others tell by durable events. One task of it for each tenant at a time takes them in, however many there are: it is begun by the first event, the
 * others come to it as signals (`correlate`), so what it keeps has one writer. It writes in batches, each in a fresh log, and ends when nothing has come
 * for a while, or when it has taken in so many that its log may go; what it has not taken then begins the next one. What is kept is read by queries.
 */
import { type Context, PlatformError, type TaskInput } from "@agentcore/sdk";
import type { StandardTrigger } from "../standard-agent.ts";
import { type Collection, keepTaken, type Taken } from "./keep-taken.ts";
import type { Tally } from "./tally.ts";
import { isToldEvent } from "./told-event.ts";

/** What a task that took in events comes to. */
export interface Collected {
  readonly events: number;
  /** Events that were nothing to be kept. */
  readonly refused: number;
  /** Events that could not be kept. */
  readonly lost: number;
  readonly batches: number;
}

interface Progress extends Collected {
  /** Of those lost, so many stand in nothing that is kept. */
  readonly unsaid: number;
}

const NOTHING: Progress = { events: 0, refused: 0, lost: 0, batches: 0, unsaid: 0 };

/** The first event begins a task, the others go to it: whatever they are about, there is one. */
export const oneTaskFor = (topic: string): StandardTrigger => ({ topic, correlate: "event.topic" });

// Together they are well below what a log holds, with its three events for each.
const MAX_BATCH = 500;
// Of a task: so its log, and what the store knows of its mail, is bounded, and goes by the policy for tasks that have ended.
const MAX_TAKEN = 5_000;
// From the first event of a batch: how old what is read may be.
const BATCH_MS = 1_000;
// Between two events of a batch.
const PAUSE_MS = 200;
// Then it ends: what begins the next costs as much as taking in three events.
const IDLE_MS = 15_000;

/** Whether a task is begun by an event of the topic, and not by somebody who asks. */
export const isTold = (task: TaskInput<unknown>, topic: string): boolean =>
  task.continuedFrom !== undefined ||
  (task.caller.startsWith("event:") && isToldEvent(task.input) && task.input.topic === topic);

export const collect = async <State extends { tally: Tally }>(
  task: TaskInput<unknown>,
  ctx: Context,
  collection: Collection<State>,
): Promise<Collected> => {
  const { topic } = collection;
  // A version that counted nothing that it lost had no tally: what it took in is over.
  const before =
    task.continuedFrom === undefined || !("lost" in (task.continuedFrom as object))
      ? NOTHING
      : (task.continuedFrom as Progress);
  const { events: from, lost, unsaid } = before;
  const first = task.continuedFrom === undefined ? task.input : await next(ctx, topic, IDLE_MS);
  if (first === null) {
    // What could not be counted when it was lost.
    const kept = await keepTaken(ctx, collection, { task: task.id, from, taken: [], lost, unsaid });
    if (kept.ended !== undefined) throw kept.ended.by;
    return resultOf({ ...before, lost: kept.lost });
  }
  // Versions before looked at what is kept first: one that was cut off between that and its save goes on.
  if (!ctx.patched("what is kept is looked at last")) await collection.load(ctx.memory).catch(() => undefined);
  const begun = ctx.now();
  const taken: Taken[] = [];
  let ended: { readonly by: unknown } | undefined;
  for (let event: unknown = first; event !== null; ) {
    taken.push({ event, at: ctx.now() });
    const isFull = taken.length >= MAX_BATCH || ctx.now() - begun >= BATCH_MS;
    try {
      event = isFull ? null : await next(ctx, topic, PAUSE_MS);
    } catch (error) {
      // A cancel: what was taken in is kept first.
      ended = { by: error };
      event = null;
    }
  }
  const kept = await keepTaken(ctx, collection, { task: task.id, from, taken, lost, unsaid, ended });
  if (kept.refused > 0)
    ctx.log.warn(`${kept.refused} of ${taken.length} events of ${topic} are nothing that can be kept`);
  if (kept.ended !== undefined) throw kept.ended.by;
  const progress: Progress = {
    events: from + taken.length,
    refused: before.refused + kept.refused,
    lost: kept.lost,
    batches: before.batches + 1,
    unsaid: kept.unsaid,
  };
  return progress.events >= MAX_TAKEN ? resultOf(progress) : ctx.continueAs(progress);
};

const resultOf = ({ events, refused, lost, batches }: Progress): Collected => ({ events, refused, lost, batches });

/** The next event; null when none comes in time. */
const next = async (ctx: Context, topic: string, timeoutMs: number): Promise<unknown> => {
  try {
    return await ctx.waitForSignal(topic, { timeoutMs });
  } catch (error) {
    if (PlatformError.is(error) && error.code === "DEADLINE_EXCEEDED") return null;
    throw error;
  }
};

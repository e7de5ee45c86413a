/**
 * How an agent keeps what others tell by durable events. One task of it for each tenant at a time takes them in, however many there are: it is begun by the first event, the
 * others come to it as signals (`correlate`), so what it keeps has one writer. It writes in batches, each in a fresh log, and ends when nothing has come
 * for a while, or when it has taken in so many that its log may go; what it has not taken then begins the next one. What is kept is read by queries.
 */
import { type Context, PlatformError, type TaskInput } from "@agentcore/sdk";
import type { StandardTrigger } from "../standard-agent.ts";

/** An event as a trigger gives it. */
export interface ToldEvent {
  readonly id: string;
  readonly topic: string;
  /** The agent that told it. */
  readonly source: string;
  readonly payload: unknown;
}

export interface Collection<State> {
  readonly topic: string;
  /** Once for each batch, and again when a cancel cuts it short. */
  load(ctx: Context): Promise<State>;
  /** Changes the state; false: it is nothing that can be kept. Given the same it does the same. */
  take(state: State, event: ToldEvent, now: number): boolean;
  /** Once for each batch, and again when a cancel cuts it short: of the same state it makes the same. */
  save(ctx: Context, state: State): Promise<void>;
}

/** What a task that took in events comes to. */
export interface Collected {
  readonly events: number;
  /** Events that were nothing to be kept. */
  readonly refused: number;
  readonly batches: number;
}

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
  (task.caller.startsWith("event:") && isEvent(task.input) && task.input.topic === topic);

const isEvent = (value: unknown): value is ToldEvent =>
  typeof value === "object" && value !== null && "topic" in value && "source" in value && "payload" in value;

export const collect = async <State>(
  task: TaskInput<unknown>,
  ctx: Context,
  collection: Collection<State>,
): Promise<Collected> => {
  const before = (task.continuedFrom ?? { events: 0, refused: 0, batches: 0 }) as Collected;
  const first = task.continuedFrom === undefined ? task.input : await next(ctx, collection.topic, IDLE_MS);
  if (first === null) return before;
  // A cancel, which rejects what is under way: what was taken in is written first.
  let ended: { readonly by: unknown } | undefined;
  const despiteCancel = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      if (ended !== undefined || !PlatformError.is(error) || error.code !== "CANCELED") throw error;
      ended = { by: error };
      return work();
    }
  };
  const state = await despiteCancel(() => collection.load(ctx));
  const begun = ctx.now();
  let refused = 0;
  let events = 0;
  for (let event: unknown = first; event !== null; ) {
    events += 1;
    if (!isEvent(event) || !collection.take(state, event, ctx.now())) refused += 1;
    const isFull = ended !== undefined || events >= MAX_BATCH || ctx.now() - begun >= BATCH_MS;
    try {
      event = isFull ? null : await next(ctx, collection.topic, PAUSE_MS);
    } catch (error) {
      ended = { by: error };
      event = null;
    }
  }
  if (refused < events) await despiteCancel(() => collection.save(ctx, state));
  if (refused > 0) ctx.log.warn(`${refused} of ${events} events of ${collection.topic} are nothing that can be kept`);
  if (ended !== undefined) throw ended.by;
  const taken: Collected = {
    events: before.events + events,
    refused: before.refused + refused,
    batches: before.batches + 1,
  };
  return taken.events >= MAX_TAKEN ? taken : ctx.continueAs(taken);
};

/** The next event; null when none comes in time. */
const next = async (ctx: Context, topic: string, timeoutMs: number): Promise<unknown> => {
  try {
    return await ctx.waitForSignal(topic, { timeoutMs });
  } catch (error) {
    if (PlatformError.is(error) && error.code === "DEADLINE_EXCEEDED") return null;
    throw error;
  }
};

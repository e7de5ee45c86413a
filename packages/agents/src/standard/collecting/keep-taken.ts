/**
 * Has what a task was told kept. What it was told is recorded as taken, so nobody will tell it again: a failure that may pass is waited for, an event that
 * cannot be kept is found by halves and takes few others with it, and what is lost is counted in what is kept.
 */
import { type Context, PlatformError } from "@agentcore/sdk";
import { nextTally, type Tally, tallyOf } from "./tally.ts";
import { isToldEvent, type ToldEvent } from "./told-event.ts";

export type KeeperMemory = Pick<Context["memory"], "get" | "set" | "delete">;

export interface Collection<State extends { tally: Tally }> {
  readonly topic: string;
  /** What is kept, with its tally. Once for each save. */
  load(memory: KeeperMemory): Promise<State>;
  /** Changes the state; false: it is nothing that can be kept. Given the same it does the same. */
  take(state: State, event: ToldEvent, now: number): boolean;
  /** The tally goes into the one value that makes the rest stand: when a save fails before that, what was loaded stands, and can be saved upon again. */
  save(memory: KeeperMemory, state: State): Promise<void>;
  /** Tells others of what was saved, once that is certain. */
  tell?(ctx: Context, state: State): Promise<void>;
}

/** An event, and when it came. */
export interface Taken {
  readonly event: unknown;
  readonly at: number;
}

export interface Keeping {
  readonly task: string;
  /** So many of the task's events came before these. */
  readonly from: number;
  readonly taken: readonly Taken[];
  /** Of those before: lost, and of these the newest that no save has counted yet. */
  readonly lost: number;
  readonly unsaid: number;
  /** What the task was told to end by: then nothing is waited for. */
  readonly ended?: { readonly by: unknown } | undefined;
}

export interface Kept extends Pick<Keeping, "lost" | "unsaid" | "ended"> {
  readonly refused: number;
}

// Doubled each time: 20 of them are two hours.
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
const MAX_PAUSES = 20;
// They find ten in 500 that cannot be kept.
const MAX_TRIES = 200;
// Each is one event of the log, the last of a try five. Together with the batch's own, and a last save of a thousand pieces, they are below what a log holds: beyond that the
// task would be parked, and what is told wait for somebody who looks.
const MAX_MEMORY_CALLS = 4_000;

export const keepTaken = async <State extends { tally: Tally }>(
  ctx: Context,
  collection: Collection<State>,
  { task, from: first, taken, lost: lostBefore, unsaid: unsaidBefore, ended: endedBefore }: Keeping,
): Promise<Kept> => {
  const end = first + taken.length;
  const refused = new Set<number>();
  let from = first;
  let upTo = end;
  let size = taken.length;
  let lost = lostBefore;
  let unsaid = unsaidBefore;
  let ended = endedBefore;
  let isLoaded = false;
  /** What a save wrote that failed all the same, if it did: the next load tells. */
  let doubted: State | null = null;
  let failure: unknown;
  let pauses = 0;
  let memoryCalls = 0;
  const memory = counted(ctx.memory, () => {
    memoryCalls += 1;
  });

  const load = async (): Promise<State> => {
    isLoaded = false;
    const state = await collection.load(memory);
    isLoaded = true;
    const tally = tallyOf(state.tally, task);
    const written = doubted !== null && tally.events === doubted.tally.events ? doubted : null;
    doubted = null;
    from = Math.max(from, tally.events);
    unsaid = from - tally.events;
    lost = tally.lostOfTask + unsaid;
    if (written !== null) await tell(written);
    return state;
  };
  const keep = async (): Promise<void> => {
    const state = await load();
    upTo = Math.min(from + size, end);
    if (from === end && unsaid === 0) return;
    for (let at = from; at < upTo; at++) {
      const each = taken[at - first];
      const isKept = isToldEvent(each?.event) && collection.take(state, each.event, each.at);
      if (isKept) refused.delete(at);
      else refused.add(at);
    }
    state.tally = nextTally(tallyOf(state.tally, task), from, upTo);
    doubted = state;
    await collection.save(memory, state);
    doubted = null;
    unsaid = 0;
    from = upTo;
    size *= 2;
    await tell(state);
  };
  const tell = async (state: State): Promise<void> => {
    try {
      await collection.tell?.(ctx, state);
    } catch (error) {
      if (isCancel(error)) ended ??= { by: error };
      else ctx.log.warn(`what is new of ${collection.topic} is kept, and could not be told: ${textOf(error)}`);
    }
  };
  const giveUp = (count: number): void => {
    for (let at = from; at < from + count; at++) refused.delete(at);
    from += count;
    lost += count;
    unsaid += count;
  };
  const pause = async (): Promise<void> => {
    try {
      await ctx.sleep(Math.min(FIRST_PAUSE_MS * 2 ** pauses++, LONGEST_PAUSE_MS));
    } catch (error) {
      ended = { by: error };
    }
  };

  for (let tries = 1; from < end || unsaid > 0; tries++) {
    try {
      await keep();
      continue;
    } catch (error) {
      failure = error;
    }
    const mayPass = PlatformError.is(failure) && failure.retryable;
    const isSpent = tries >= MAX_TRIES || memoryCalls >= MAX_MEMORY_CALLS;
    if (isCancel(failure) && ended === undefined) ended = { by: failure };
    else if (mayPass && ended === undefined && pauses < MAX_PAUSES && !isSpent) await pause();
    // Parts would fail as the whole does.
    else if (mayPass || isCancel(failure) || !isLoaded || from === end || isSpent) {
      giveUp(end - from);
      break;
    } else if (upTo - from === 1) giveUp(1);
    else size = Math.ceil((upTo - from) / 2);
  }
  if (lost > lostBefore)
    ctx.log.warn(
      `${lost - lostBefore} of ${taken.length} events of ${collection.topic} are lost, as they could not be kept: ${textOf(failure)}`,
    );
  return { refused: refused.size, lost, unsaid, ended };
};

const counted = (memory: KeeperMemory, count: () => void): KeeperMemory => ({
  get(...args) {
    count();
    return memory.get(...args);
  },
  set(...args) {
    count();
    return memory.set(...args);
  },
  delete(...args) {
    count();
    return memory.delete(...args);
  },
});

const isCancel = (error: unknown): boolean => PlatformError.is(error) && error.code === "CANCELED";

const textOf = (error: unknown): string => {
  const { code, message } = PlatformError.from(error, "AGENT_FAILED");
  return `${code}: ${message}`;
};

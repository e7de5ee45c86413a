/**
 * Runs a task's code over its log, and nothing else: no step begins, no child is made, nothing is stored, no time passes. Tells whether the
 * code comes to where the log is, or where it does something else (I3).
 */
import {
  isTerminal,
  type NewTaskEvent,
  PlatformError,
  type SerializedError,
  type TaskEvent,
  type TaskState,
} from "@agentcore/contract";
import type { Clock, Digest, Ids, Logger, Timer } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import { carriedBy } from "./call-records.ts";
import { Execution } from "./execution.ts";
import type { ExecutionHead } from "./execution-head.ts";
import type { ExecutionServices } from "./execution-services.ts";
import { Journal } from "./journal.ts";
import { outsideAwait } from "./parking.ts";
import { stateAfter } from "./view.ts";

/** Where code and log part. */
export interface Difference {
  /** Number of the event that the code does not come to; null when the log has none such. */
  readonly seq: number | null;
  /** The call, where it is one. */
  readonly path: string | null;
  readonly recorded: unknown;
  readonly made: unknown;
  readonly message: string;
}

export interface DryRun {
  readonly differs: Difference | null;
  /** How the code ends once the log is through; null when it goes on. */
  readonly end: NewTaskEvent | null;
  /** Calls that would begin, or be waited for, once the log is through. */
  readonly next: readonly string[];
  /** Ids and random numbers that the code drew by the last of what the log has of it. */
  readonly draws: number;
}

export interface DryRunRequest {
  readonly head: ExecutionHead;
  readonly loaded: LoadedAgent;
  /** The submission, and what came after the last checkpoint. */
  readonly events: readonly TaskEvent[];
  /** Number of that checkpoint, 0 if there is none. */
  readonly checkpointSeq: number;
  readonly clock: Pick<Clock, "turn" | "after" | "monotonic">;
  readonly digest: Digest;
  readonly ids: Ids;
  /** Milliseconds that code which waits for something outside of ctx has before that is what it is found to do. @default 2000 */
  readonly patienceMs?: number | undefined;
}

const PATIENCE_MS = 2_000;
// In a turn everything runs that can; checks of an author may take some.
const QUIET_TURNS = 4;
const PAUSE_MS = 20;
const MAX_NEXT = 20;
const SILENT: Logger = { log: () => {} };
const NO_TIMER: Timer = { cancel: () => {} };
const never = (): Promise<never> => new Promise(() => {});

export const dryRun = async (request: DryRunRequest): Promise<DryRun> => {
  const { head, loaded, events, checkpointSeq, clock, patienceMs = PATIENCE_MS } = request;
  const last = events.at(-1);
  const at = last?.at ?? 0;
  const execution = new Execution({
    head,
    loaded,
    journal: new Journal(events),
    state: stateBefore(events),
    seq: last?.seq ?? 0,
    token: 0,
    checkpointSeq,
    born: true,
    services: withoutEffects(request, at),
  });
  execution.start(1);
  const since = clock.monotonic();
  let quiet = 0;
  let isStalled = false;
  while (execution.phase === "replaying") await clock.turn();
  while (execution.phase === "live" && quiet < QUIET_TURNS) {
    await clock.turn();
    quiet += 1;
    if (quiet < QUIET_TURNS || !waitsOutside(execution)) continue;
    isStalled = clock.monotonic() - since >= patienceMs;
    if (isStalled) break;
    await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
    quiet = 0;
  }
  const conclusion = execution.ending.conclusion?.event ?? null;
  const parking = conclusion?.type === "task.parked" ? conclusion.data.error : null;
  const next = [...execution.open.keys()];
  const seqOf = placesOf(events, checkpointSeq);
  const difference = (): Difference | null => {
    if (parking !== null) return parted(parking, seqOf);
    if (isStalled) return isSameStall(last) ? null : parted(outsideAwait(null).toJSON(), seqOf);
    return last === undefined || !isEnd(last) ? null : differentEnd(execution, last, conclusion);
  };
  const result = {
    differs: difference(),
    end: parking === null ? conclusion : null,
    next,
    draws: execution.draws.recorded,
  };
  execution.end(new PlatformError("UNAVAILABLE", "it was run over its log only"));
  return result;
};

/** Of the task before its end: one that asked does not ask again. */
const stateBefore = (events: readonly TaskEvent[]): TaskState => {
  let state: TaskState = "working";
  const carried = (event: TaskEvent): readonly TaskEvent[] =>
    event.type === "checkpoint.created" ? carriedBy(event).map((call) => call.event) : [];
  for (const event of events.flatMap((each) => [each, ...carried(each)])) {
    const next = stateAfter(event);
    if (next !== null && next !== "submitted" && next !== "parked" && !isTerminal(next)) state = next;
  }
  return state;
};

/** What of the world is left: the log, and what can be computed from it. */
const withoutEffects = ({ clock, digest, ids }: DryRunRequest, now: number): ExecutionServices => ({
  node: "",
  senses: {
    clock: { now: () => now, monotonic: () => 0, after: () => NO_TIMER, turn: () => clock.turn() },
    digest,
    ids,
    logger: SILENT,
  },
  keyValue: { get: never, put: never, delete: never, list: never, add: never, watch: () => () => {} },
  models: { generate: never, grant: never },
  budgets: null,
  policies: () => [],
  tools: { list: never, call: never },
  settle: () => {},
  markDirty: () => {},
  lost: (execution, why) => execution.end(why),
  whenFresh: () => {},
  staysFor: () => false,
  mailbox: never,
  spoke: () => {},
  sawFailure: () => {},
  credential: never,
  command: never,
  query: never,
  remembers: never,
  awaitEvent: never,
  forgetEvent: () => {},
  revisionOf: () => null,
  emit: () => {},
});

/** Nothing that ctx knows of will move it. What it returned may be in the hands of its schema. */
const waitsOutside = ({ open, isSending, phase }: Execution): boolean =>
  phase === "live" && open.size === 0 && !isSending;

const isEnd = (event: TaskEvent): boolean => {
  const state = stateAfter(event);
  return state !== null && isTerminal(state);
};

const isSameStall = (last: TaskEvent | undefined): boolean =>
  last?.type === "task.parked" && last.data.error.code === "OUTSIDE_AWAIT";

type Places = (path: string) => number | null;

const placesOf =
  (events: readonly TaskEvent[], checkpointSeq: number): Places =>
  (path) =>
    events.find(({ seq, data }) => seq > checkpointSeq && "path" in data && data.path === path)?.seq ?? null;

/** In the words of the error that a task is parked with for the same. */
const parted = ({ message, details = {} }: SerializedError, seqOf: Places): Difference => {
  const { recorded = null, asked = null } = details;
  const [first] = Array.isArray(recorded) ? (recorded as unknown[]) : [recorded];
  const path = typeof details["path"] === "string" ? details["path"] : typeof first === "string" ? first : null;
  return { seq: path === null ? null : seqOf(path), path, recorded, made: asked, message };
};

/** The calls agree: does the end? Of ends that were not the code's nothing can be said. */
const differentEnd = (execution: Execution, ended: TaskEvent, made: NewTaskEvent | null): Difference | null => {
  if (ended.type === "task.canceled" && (made === null || !execution.ending.compensates)) return null;
  if (ended.type === "task.failed" && ended.data.error.code === "DEADLINE_EXCEEDED") return null;
  const { seq, type, data } = ended;
  const calls = [...execution.open.keys(), ...execution.draft.events.flatMap(callMade)].slice(0, MAX_NEXT);
  const part = (asked: unknown, recorded: unknown = type): Difference => ({
    ...{ seq, path: null, recorded, made: asked },
    message: `the log ends with ${type}, and the code does not come to that`,
  });
  if (made === null) return part(calls);
  if (made.type !== type || JSON.stringify(made.data) !== JSON.stringify(data))
    return part({ type: made.type, ...made.data }, { type, ...data });
  const news = execution.draft.events.flatMap(callMade);
  return news.length === 0 ? null : part(news.slice(0, MAX_NEXT));
};

/** What the code did that is not in the log. */
const callMade = (event: NewTaskEvent): string[] => {
  if (event.type === "task.assigned" || event.type === "task.started" || event.type === "task.resumed") return [];
  // A step that was under way at the end stands in no log: when it began the breakpoint may not have been there.
  if (event.type === "call.held") return [];
  return ["path" in event.data && event.data.path !== undefined ? event.data.path : event.type];
};

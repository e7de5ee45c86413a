/** A new task that begins where another one was: what that had recorded is taken over, and everything after it happens for real. */
import {
  type ForkedFrom,
  invalidArgument,
  MAX_FORKS,
  type NewTaskEvent,
  PlatformError,
  submissionOf,
  type TaskEvent,
  type TaskEventOf,
} from "@agentcore/contract";
import type { Permissions } from "../governance/index.ts";
import { sizeOf } from "../payloads/json-size.ts";
import type { TaskHead } from "../ports/index.ts";
import { type Difference, dryRun } from "./dry-run.ts";
import type { TaskEngine } from "./engine.ts";
import type { ExecutionHead } from "./execution-head.ts";
import { foldedArtifacts, lastToTake, resultsIn, type TakenEvent, takeOver, withResults } from "./fork-log.ts";
import { BUT_MIGRATIONS, migrationsIn, underMigrations } from "./migration-rules.ts";
import { permissionsOf } from "./permissions-of.ts";
import { logTooLarge, readForReplay } from "./replay-log.ts";
import { loadRevision, MAX_REPLAYED } from "./replay-task.ts";
import { breakpointsEvent, deadlineOf, submittedPermissions } from "./submission.ts";
import type { CallerScope } from "./task-service.ts";
import { validateInput } from "./validate-input.ts";

const PAGE = 500;

export interface ForkRequest {
  /**
   * Number of the last event that is taken over. @default the last one before the task ended; with `set`, the last of the results that are
   * set; with `input`, 1: what may rest on what is changed is done anew
   */
  readonly at?: number | undefined;
  /** In place of the input; undefined: the same. */
  readonly input?: unknown;
  /** Results of calls, by their path, in place of those recorded; also of calls that are under way. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  readonly revision?: string | undefined;
  /** Of the fork. @default none */
  readonly breakpoints?: readonly string[] | undefined;
  /** The same key of the same caller: the fork of then. CONFLICT when it stood for something else. */
  readonly idempotencyKey?: string | undefined;
}

export interface Forked {
  readonly taskId: string;
  readonly contextId: string;
  /** Number of the last event of the other task that was taken over. */
  readonly at: number;
  /** The idempotency key was used before: this is the task of then. */
  readonly existing: boolean;
}

interface Source {
  /** The submission, then what came after the last checkpoint before `at`, that included. */
  readonly events: readonly TaskEvent[];
  readonly checkpointSeq: number;
  readonly at: number;
}

/** Throws INVALID_ARGUMENT, REPLAY_DIFFERS, AGENT_NOT_FOUND, REVISION_UNAVAILABLE, TOO_LARGE, CONFLICT, OVERLOADED, UNAVAILABLE. */
export const forkTask = async (
  engine: TaskEngine,
  scope: CallerScope,
  origin: TaskHead,
  request: ForkRequest,
): Promise<Forked> => {
  const { tenantId } = origin;
  const { clock, digest, ids } = engine.senses;
  const { revision, agent: loaded } = await loadRevision(engine, origin, request.revision);
  const { events, checkpointSeq, at } = await readSource(engine, origin, request);
  const [first] = events;
  const submission = submissionOf(first)?.data;
  if (first === undefined || submission === undefined)
    throw new PlatformError("INTERNAL", `task ${origin.taskId} has no submission`);
  const isExclusive = loaded.definition.concurrency === "context";
  const now = clock.now();
  const head: ExecutionHead = {
    ...{ tenantId, taskId: ids.next(), agent: origin.agent, revision, caller: scope.caller },
    // Work on one context is done one after the other, and the task may not have ended.
    contextId: isExclusive ? ids.next() : origin.contextId,
    ...{
      priority: origin.priority,
      deadline: deadlineOf(null, loaded.definition.timeoutMs, now),
      parent: null,
      createdAt: now,
    },
    idempotencyKey: request.idempotencyKey,
  };
  const input = request.input === undefined ? submission.input : await validateInput(loaded.definition, request.input);
  const since = events.slice(1);
  const folded = checkpointSeq > 0 ? await artifactsBefore(engine, origin, first, checkpointSeq) : [];
  const taken = [
    ...folded,
    ...withResults(
      takeOver(since, at),
      since.filter(({ seq }) => seq <= at),
      request.set ?? {},
    ),
  ];
  const ownCheckpoint = taken.findIndex(({ event }) => event.type === "checkpoint.created") + 2;
  const copiedCheckpoint = ownCheckpoint === 1 ? 0 : ownCheckpoint;
  const origins = originsOf(origin, submission.forkedFrom, checkpointSeq);
  const submittedWith = (of: typeof origins): TakenEvent => {
    const forkedFrom: ForkedFrom = {
      ...{ taskId: origin.taskId, seq: at },
      ...(of.length === 0 ? {} : { draws: { checkpointSeq: copiedCheckpoint, of } }),
    };
    return {
      event: {
        type: "task.submitted",
        at: now,
        data: submissionFor(head, submission, {
          input,
          request,
          forkedFrom,
          permissions: permissionsOf(scope),
          digest,
        }),
      },
      from: 1,
    };
  };
  const numbered = (list: readonly TakenEvent[]): TaskEvent[] =>
    list.map(({ event }, index) => ({ ...event, seq: index + 1 }) as TaskEvent);
  const tried = [submittedWith(origins), ...taken];
  const { differs, draws } = await dryRun({
    ...{ head, loaded, events: numbered(tried), checkpointSeq: copiedCheckpoint },
    ...engine.senses,
  });
  if (differs !== null) throw doesNotFit(origin, at, differs, tried);
  const { breakpoints = [] } = request;
  const log: NewTaskEvent[] = [submittedWith(cut(origins, draws)), ...taken].map(({ event }) => event);
  if (breakpoints.length > 0) log.push(breakpointsEvent(breakpoints, scope.caller, now));
  const create = async (): Promise<{ readonly taskId: string; readonly existing: boolean }> => {
    if (breakpoints.length > 0) await engine.debugged.add(head);
    return engine.admission.createFork({
      ...head,
      dueAt: now,
      events: log,
      claimed: { state: "working", checkpointSeq: copiedCheckpoint, release: { dueAt: now } },
    });
  };
  const { caller, permissions } = scope;
  const draft = { tenantId, caller, permissions, source: "gateway", target: { agent: origin.agent }, payload: input };
  const birth = await engine.router.command({ ...draft, priority: origin.priority, contextId: head.contextId }, create);
  return { ...birth, contextId: head.contextId, at };
};

/** What was asked of the fork, without what belongs to the other task alone. */
const submissionFor = (
  head: ExecutionHead,
  { skill, message, hops, metadata }: TaskEventOf<"task.submitted">["data"],
  {
    input,
    request,
    forkedFrom,
    permissions,
    digest,
  }: {
    readonly input: unknown;
    readonly request: ForkRequest;
    readonly forkedFrom: ForkedFrom;
    readonly permissions: Permissions;
    readonly digest: TaskEngine["senses"]["digest"];
  },
): TaskEventOf<"task.submitted">["data"] => ({
  ...{ agent: head.agent, revision: head.revision, contextId: head.contextId, caller: head.caller },
  ...{ input, priority: head.priority, forkedFrom },
  ...(skill === undefined ? {} : { skill }),
  // It says what was asked before.
  ...(message === undefined || request.input !== undefined ? {} : { message }),
  ...(head.deadline === null ? {} : { deadline: head.deadline }),
  ...(hops === undefined ? {} : { hops }),
  ...(metadata === undefined ? {} : { metadata }),
  // It works for whoever made it.
  ...submittedPermissions(permissions),
  ...(request.idempotencyKey === undefined ? {} : { requestHash: forkHash(digest, forkedFrom.taskId, request) }),
});

export const forkHash = (
  digest: TaskEngine["senses"]["digest"],
  taskId: string,
  { at, input, set, revision, breakpoints }: ForkRequest,
): string => digest.sha256(JSON.stringify(["fork", taskId, at, input, set, revision, breakpoints]));

const readSource = async (
  engine: TaskEngine,
  origin: TaskHead,
  { at, input, set = {} }: ForkRequest,
): Promise<Source> => {
  if (at !== undefined && at > origin.seq) throw noSuchPlace(`the log has ${origin.seq} events`);
  // What was asked stays known, whatever else of the log is gone.
  if (at === 1 || (at === undefined && input !== undefined && Object.keys(set).length === 0)) {
    const events = await engine.store.readLog(origin, { limit: 1 });
    return { events, checkpointSeq: 0, at: 1 };
  }
  if (at !== undefined && at <= origin.floor)
    throw noSuchPlace(`the first ${origin.floor} events were compacted; fork at ${origin.floor + 1} or after, or at 1`);
  if (at === undefined || at >= origin.checkpointSeq) {
    const events = await readForReplay(engine.store, origin, { maxSize: MAX_REPLAYED });
    return { events, checkpointSeq: origin.checkpointSeq, at: at ?? placeOf(events, set) };
  }
  const { events, checkpointSeq } = await readEarlier(engine, origin, at);
  const migrations = migrationsIn(await engine.store.readLog(origin, { without: BUT_MIGRATIONS }));
  return { events: events.flatMap((event) => underMigrations(event, migrations) ?? []), checkpointSeq, at };
};

const placeOf = (events: readonly TaskEvent[], set: Readonly<Record<string, unknown>>): number => {
  const last = lastToTake(events.slice(1));
  const results = resultsIn(events);
  const seqs = Object.keys(set).map((path) => results.get(path) ?? last);
  return seqs.length === 0 ? last : Math.min(last, Math.max(...seqs));
};

/** Before the last checkpoint: from the one before `at`, if there is one that has not been compacted. */
const readEarlier = async (engine: TaskEngine, origin: TaskHead, at: number): Promise<Omit<Source, "at">> => {
  const [first] = await engine.store.readLog(origin, { limit: 1 });
  let events: TaskEvent[] = [];
  let checkpointSeq = 0;
  let size = 0;
  for (let after = first?.seq ?? 0; after < at; ) {
    const page = await engine.store.readLog(origin, { after, limit: Math.min(PAGE, at - after) });
    for (const event of page) {
      if (event.type === "checkpoint.created") {
        events = [];
        size = 0;
        checkpointSeq = event.seq;
      }
      events.push(event);
      size += sizeOf(event.data);
    }
    if (size > MAX_REPLAYED) throw logTooLarge(origin, MAX_REPLAYED);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
  }
  if (origin.floor > 0 && checkpointSeq === 0)
    throw noSuchPlace(`what event ${at} rests on was compacted; fork after the next checkpoint, or at 1`);
  return { events: first === undefined ? events : [first, ...events], checkpointSeq };
};

/** What the task had made before the checkpoint: nothing of a result may be missing. */
const artifactsBefore = async (
  engine: TaskEngine,
  origin: TaskHead,
  first: TaskEvent,
  checkpointSeq: number,
): Promise<TakenEvent[]> => {
  const taken = first.type === "log.compacted" ? foldedArtifacts(first.data.task, first.at) : [];
  let size = 0;
  for (let after = Math.max(1, first.seq); after < checkpointSeq; ) {
    const page = await engine.store.readLog(origin, { after, limit: PAGE, without: BUT_ARTIFACTS });
    for (const { seq, ...event } of page) {
      if (seq >= checkpointSeq || event.type !== "artifact.appended") continue;
      taken.push({ event, from: seq });
      size += sizeOf(event.data);
    }
    if (size > MAX_REPLAYED) throw logTooLarge(origin, MAX_REPLAYED);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
  }
  return taken;
};

const BUT_ARTIFACTS: readonly TaskEvent["type"][] = [
  ...(["task.assigned", "task.progressed", "task.resumed", "decision.made", "message.added"] as const),
  ...(["step.started", "step.completed", "step.failed", "checkpoint.created"] as const),
  ...(["task.inputRequired", "task.authRequired"] as const),
];

/** Whose ids the code was given, as far as `upTo`: those of the task, and, where that is a fork itself, of those before it. */
const originsOf = (
  { taskId }: TaskHead,
  before: ForkedFrom | undefined,
  checkpointSeq: number,
): NonNullable<ForkedFrom["draws"]>["of"] => {
  const earlier = before?.draws?.checkpointSeq === checkpointSeq ? before.draws.of : [];
  if (earlier.length >= MAX_FORKS)
    throw new PlatformError("UNSUPPORTED_OPERATION", `a fork of a fork, ${MAX_FORKS} deep: fork the first of them`);
  return [...earlier, { taskId, checkpointSeq, upTo: Number.MAX_SAFE_INTEGER }];
};

const cut = (origins: ReturnType<typeof originsOf>, draws: number): ReturnType<typeof originsOf> => {
  const covered: ReturnType<typeof originsOf> = [];
  for (const origin of origins) {
    if ((covered.at(-1)?.upTo ?? 0) >= draws) break;
    covered.push({ ...origin, upTo: Math.min(origin.upTo, draws) });
  }
  return covered;
};

const noSuchPlace = (description: string): PlatformError => invalidArgument("the fork", [{ field: "at", description }]);

const doesNotFit = (
  { taskId }: TaskHead,
  at: number,
  differs: Difference,
  tried: readonly TakenEvent[],
): PlatformError => {
  const from = differs.seq === null ? null : (tried[differs.seq - 1]?.from ?? null);
  const where = from === null ? "" : ` parts at event ${from}`;
  const hint = from === null ? "fork at an earlier event" : `fork at ${from - 1} or before`;
  return new PlatformError(
    "REPLAY_DIFFERS",
    `the code does not come to event ${at} of task ${taskId}:${where} (${differs.message}); ${hint}, or leave as it is what was changed`,
    { details: { ...differs, seq: from } },
  );
};

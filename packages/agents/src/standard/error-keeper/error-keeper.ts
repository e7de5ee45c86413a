import { parseInput } from "@agentcore/contract";
import { ERROR_CODES, type ErrorCode } from "@agentcore/contract/errors";
import {
  type AgentDefinition,
  type Context,
  ERROR_TOPIC,
  PlatformError,
  type QueryContext,
  type QueryInput,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { answerAsTask } from "../collecting/answer-as-task.ts";
import { collect, isTold, oneTaskFor } from "../collecting/collect.ts";
import { withinBytes } from "../collecting/json-bytes.ts";
import type { Collection } from "../collecting/keep-taken.ts";
import { addToRing, EMPTY_RING, newestOf, type RingHead, sizeOfRing } from "../collecting/ring.ts";
import { NO_TALLY, type Tally } from "../collecting/tally.ts";
import { Time, ToldBy } from "../collecting/told-by.ts";
import { fingerprint } from "../fingerprint.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { type Advice, adviceOn } from "./advice.ts";
import { messageShape } from "./message-shape.ts";

const shape = {
  /** Kinds of errors that are kept; beyond, those that were not seen for longest go. */
  maxGroups: z.int().min(10).max(2_000).default(500),
  /** At least the newest so many single errors are kept. */
  maxErrors: z.int().min(100).max(50_000).default(2_000),
  /** Tells of kinds that were not seen before, by a durable event `alert.raised`. */
  alertOnNew: z.boolean().default(true),
};

export const errorKeeperKind: StandardKind<typeof shape> = {
  name: "error",
  description:
    "Keeps the errors of agents, in groups of the same kind, tells what is behind one, and whether to try again",
  latencyMs: { from: 1, to: 50 },
  doesNot: ["try again itself", "see errors that nobody tells it", "repair anything"],
  skills: [
    {
      id: "error-diagnosis",
      name: "Diagnose errors",
      description:
        "Lists kinds of errors, and says of one what, where and when it was, what it comes of, and what to do",
      tags: ["error", "diagnosis", "retry"],
      examples: ["Why did task 7 fail, and shall I try again?"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  triggers: () => [oneTaskFor(ERROR_TOPIC)],
  example: { options: { maxGroups: 100 }, input: { list: { limit: 10 } } },
};

export type ErrorKeeperOptions = StandardOptions<typeof shape>;

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
const Code = z.enum(codes);
const Text = z.string().max(3_000);

const Raised = z.object({
  at: Time,
  code: Code.catch("INTERNAL"),
  message: Text,
  retryable: z.boolean(),
  doing: Text.optional(),
  fatal: z.boolean().default(false),
  causes: z
    .array(z.object({ code: Code.optional().catch(undefined), message: Text }))
    .max(20)
    .default([]),
  details: z.record(z.string(), z.unknown()).optional(),
});
const Report = z.object({ task: ToldBy, errors: z.array(Raised).max(100), dropped: z.int().min(0).optional() });

const Request = z.union(
  [
    z.strictObject({
      list: z.strictObject({
        agent: z.string().max(63).optional(),
        code: Code.optional(),
        /** Seen at that time or later. */
        since: Time.optional(),
        limit: z.int().min(1).max(500).default(50),
      }),
    }),
    z.strictObject({
      explain: z.union([
        z.strictObject({ fingerprint: z.string().max(64) }),
        z.strictObject({ task: z.string().max(256) }),
        z.strictObject({ trace: z.string().max(64) }),
      ]),
    }),
  ],
  { error: "expected { list: { agent, code, since, limit } } or { explain: { fingerprint }, { task } or { trace } }" },
);

/** Errors of one kind. */
export interface ErrorGroup {
  readonly fingerprint: string;
  readonly agent: string;
  readonly code: ErrorCode;
  /** Of the newest, as it was. */
  readonly message: string;
  readonly doing?: string | undefined;
  readonly count: number;
  /** Of these, so many ended their task. */
  readonly fatal: number;
  readonly retryable: boolean;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** One of them. */
export interface KeptError extends z.output<typeof Raised> {
  readonly fingerprint: string;
  readonly agent: string;
  readonly task?: ToldBy;
}

interface Kept {
  readonly ring: RingHead;
  readonly groups: readonly ErrorGroup[];
  readonly dropped: number;
  readonly tally: Tally;
}

interface State {
  readonly kept: Kept;
  readonly groups: Map<string, ErrorGroup>;
  readonly added: KeptError[];
  readonly fresh: ErrorGroup[];
  dropped: number;
  tally: Tally;
}

const HEAD = "errors";
const EMPTY: Kept = { ring: EMPTY_RING, groups: [], dropped: 0, tally: NO_TALLY };
const MAX_SAMPLE = 300;
// What one value may have is 1 MiB.
const MAX_GROUP_BYTES = 900_000;
const MAX_DETAILS = 4_096;
// Of those above and below a failure.
const MAX_CHAIN = 100;

/** An agent that keeps the errors that others tell by `reported` and `report.error`. */
export const errorKeeperAgent = (options: ErrorKeeperOptions = {}): AgentDefinition => {
  const checked = checkStandard(errorKeeperKind, options);
  const { maxGroups, maxErrors, alertOnNew } = checked;
  const collection: Collection<State> = {
    topic: ERROR_TOPIC,
    async load(memory) {
      const kept = await keptIn(memory);
      const groups = new Map(kept.groups.map((group) => [group.fingerprint, group]));
      return { kept, groups, added: [], fresh: [], dropped: kept.dropped, tally: kept.tally };
    },
    take(state, { source, payload }) {
      const report = Report.safeParse(payload);
      if (!report.success) return false;
      const { task, errors, dropped = 0 } = report.data;
      state.dropped += dropped;
      for (const error of errors) {
        const group = grouped(state.groups, source, error);
        if (group.count === 1) state.fresh.push(group);
        const { details, ...rest } = error;
        const context = details !== undefined && JSON.stringify(details).length <= MAX_DETAILS ? { details } : {};
        state.added.push({
          ...{ ...rest, ...context, fingerprint: group.fingerprint, agent: source },
          ...(task === undefined ? {} : { task }),
        });
      }
      return true;
    },
    async save(memory, { kept, groups, added, dropped, tally }) {
      const ring = await addToRing(memory, HEAD, kept.ring, added, maxErrors);
      const sorted = [...groups.values()].toSorted((one, other) => other.lastAt - one.lastAt);
      const newest = withinBytes(sorted.slice(0, maxGroups), MAX_GROUP_BYTES);
      await memory.set(HEAD, { ring, groups: newest, dropped, tally } satisfies Kept);
    },
    async tell(ctx, { fresh }) {
      if (alertOnNew) await tellOf(ctx, fresh);
    },
  };
  return standardAgent(errorKeeperKind, checked, {
    run: (task: TaskInput<unknown>, ctx) =>
      isTold(task, ERROR_TOPIC) ? collect(task, ctx, collection) : answerAsTask(task, ctx),
    answer: ({ payload }: QueryInput, ctx) => answer(parseInput(Request, payload, "what is asked about errors"), ctx),
  });
};

/** A version that counted nothing that it lost kept no tally. */
const keptIn = async (memory: QueryContext["memory"]): Promise<Kept> => ({
  ...EMPTY,
  ...((await memory.get(HEAD)) as Partial<Kept> | null),
});

const grouped = (
  groups: Map<string, ErrorGroup>,
  agent: string,
  { at, code, message, doing, fatal, retryable }: z.output<typeof Raised>,
): ErrorGroup => {
  const key = fingerprint(agent, code, doing ?? "", messageShape(message));
  const before = groups.get(key);
  const group: ErrorGroup = {
    ...{ fingerprint: key, agent, code, message: message.slice(0, MAX_SAMPLE), doing: doing?.slice(0, MAX_SAMPLE) },
    count: (before?.count ?? 0) + 1,
    fatal: (before?.fatal ?? 0) + (fatal ? 1 : 0),
    retryable,
    firstAt: Math.min(before?.firstAt ?? at, at),
    lastAt: Math.max(before?.lastAt ?? at, at),
  };
  groups.set(key, group);
  return group;
};

// One event however many kinds came at once.
const MAX_TOLD = 20;

const tellOf = async (ctx: Context, fresh: readonly ErrorGroup[]): Promise<void> => {
  if (fresh.length === 0) return;
  await ctx.emit(
    "alert.raised",
    {
      alert: "new-error",
      severity: fresh.some(({ fatal }) => fatal > 0) ? "error" : "warning",
      message:
        fresh.length === 1
          ? `${fresh[0]?.agent}: ${fresh[0]?.message}`
          : `${fresh.length} kinds of errors that were not seen before`,
      errors: fresh.slice(0, MAX_TOLD),
    },
    { durable: true },
  );
};

type Explained = KeptError & { readonly advice: Advice };

const answer = async (request: z.output<typeof Request>, ctx: QueryContext): Promise<unknown> => {
  const { ring, groups, dropped, tally } = await keptIn(ctx.memory);
  const advised = <Each extends ErrorGroup | KeptError>(each: Each): Each & { readonly advice: Advice } => ({
    ...each,
    advice: adviceOn(each.code, each.retryable),
  });
  if ("list" in request) {
    const { agent, code, since = 0, limit } = request.list;
    const fitting = groups.filter(
      (group) => (agent ?? group.agent) === group.agent && (code ?? group.code) === group.code && group.lastAt >= since,
    );
    const about = { matching: fitting.length, kept: sizeOfRing(ring), dropped, lost: tally.lost };
    return { groups: fitting.slice(0, limit).map(advised), ...about };
  }
  const { explain } = request;
  const errors: KeptError[] = [];
  for await (const error of newestOf(ctx.memory, HEAD, ring)) errors.push(error as KeptError);
  const found = errors.find(
    (error) =>
      ("fingerprint" in explain && error.fingerprint === explain.fingerprint) ||
      ("task" in explain && error.task?.id === explain.task) ||
      ("trace" in explain && error.task?.traceId === explain.trace),
  );
  if (found === undefined)
    throw new PlatformError("NOT_FOUND", "nothing was told of that, or it was longer ago than is kept");
  const chain = chainOf(errors, found).map((each): Explained => advised(each));
  const group = groups.find((each) => each.fingerprint === found.fingerprint);
  return { error: advised(found), root: chain[0], chain, ...(group === undefined ? {} : { group: advised(group) }) };
};

/** What was told of the same trace up to then, oldest first: what failed first is what the rest comes of. */
const chainOf = (errors: readonly KeptError[], found: KeptError): readonly KeptError[] => {
  const traceId = found.task?.traceId;
  const related =
    traceId === undefined
      ? errors.filter(({ task }) => task !== undefined && task.id === found.task?.id)
      : errors.filter(({ task }) => task?.traceId === traceId);
  const all = related.length === 0 ? [found] : related;
  return all.toSorted((one, other) => one.at - other.at).slice(-MAX_CHAIN);
};

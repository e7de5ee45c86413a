import { parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  LOG_TOPIC,
  type LogEntry,
  type LogLevel,
  type QueryContext,
  type QueryInput,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { answerAsTask } from "../collecting/answer-as-task.ts";
import { collect, isTold, oneTaskFor } from "../collecting/collect.ts";
import type { Collection } from "../collecting/keep-taken.ts";
import { addToRing, EMPTY_RING, newestOf, type RingHead, sizeOfRing } from "../collecting/ring.ts";
import { NO_TALLY, type Tally } from "../collecting/tally.ts";
import { Time, ToldBy } from "../collecting/told-by.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];
const Level = z.enum(LEVELS);

const shape = {
  /** At least the newest so many are kept, of all agents together. */
  maxEntries: z.int().min(100).max(100_000).default(5_000),
  /** What is less is not kept. */
  minLevel: Level.default("debug"),
};

export const logKeeperKind: StandardKind<typeof shape> = {
  name: "log",
  description: "Keeps what agents write, as structured entries, and finds it again",
  latencyMs: { from: 1, to: 50 },
  doesNot: ["keep more than the newest entries", "ship logs to another system", "keep what nodes write of themselves"],
  skills: [
    {
      id: "log-search",
      name: "Search the log",
      description: "Finds entries by words, level, agent, task, trace and time, the newest first, or counts them",
      tags: ["log", "search", "diagnosis"],
      examples: ["What did the refund desk log about task 7?"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  triggers: () => [oneTaskFor(LOG_TOPIC)],
  example: { options: { maxEntries: 1000 }, input: { find: { level: "warn", limit: 20 } } },
};

export type LogKeeperOptions = StandardOptions<typeof shape>;

/** An entry, and who wrote it. */
export interface KeptEntry extends LogEntry {
  readonly agent: string;
  readonly task?: ToldBy;
}

const which = {
  /** All of these words stand in its message or fields, in whatever case. */
  text: z.string().min(1).max(500).optional(),
  /** Of that level, or of one above. */
  level: Level.optional(),
  agent: z.string().max(63).optional(),
  task: z.string().max(256).optional(),
  /** Of the tasks of one trace: all that one request began. */
  trace: z.string().max(64).optional(),
  from: Time.optional(),
  to: Time.optional(),
};
const Find = z.strictObject({ ...which, limit: z.int().min(1).max(500).default(50) });
const Count = z.strictObject({ ...which, by: z.enum(["level", "agent"]).default("level") });
const Request = z.union([z.strictObject({ find: Find }), z.strictObject({ count: Count })], {
  error: "expected { find: { text, level, agent, task, trace, from, to, limit } } or { count: { by, … } }",
});

const Entry = z.object({
  at: Time,
  level: Level,
  message: z.string().max(3_000),
  fields: z.record(z.string(), z.unknown()).optional(),
});
const Report = z.object({
  task: ToldBy,
  entries: z.array(Entry).max(1_000),
  dropped: z.int().min(0).optional(),
});

interface State {
  readonly head: RingHead;
  dropped: number;
  tally: Tally;
  readonly added: KeptEntry[];
}

interface Kept {
  readonly ring: RingHead;
  /** Entries that those who told them had left out. */
  readonly dropped: number;
  readonly tally: Tally;
}

const HEAD = "log";
const EMPTY: Kept = { ring: EMPTY_RING, dropped: 0, tally: NO_TALLY };
const MAX_FIELDS = 5_000;

/** An agent that keeps what others write by `report.log`, and answers what was written. */
export const logKeeperAgent = (options: LogKeeperOptions = {}): AgentDefinition => {
  const checked = checkStandard(logKeeperKind, options);
  const { maxEntries, minLevel } = checked;
  const collection: Collection<State> = {
    topic: LOG_TOPIC,
    async load(memory) {
      const { ring, dropped, tally } = await keptIn(memory);
      return { head: ring, dropped, tally, added: [] };
    },
    take(state, { source, payload }) {
      const report = Report.safeParse(payload);
      if (!report.success) return false;
      const { entries, task, dropped = 0 } = report.data;
      state.dropped += dropped;
      for (const { fields, ...entry } of entries) {
        if (rank(entry.level) < rank(minLevel)) continue;
        const kept = fields !== undefined && JSON.stringify(fields).length <= MAX_FIELDS ? { fields } : {};
        state.added.push({ ...entry, ...kept, agent: source, ...(task === undefined ? {} : { task }) });
      }
      return true;
    },
    async save(memory, { head, added, dropped, tally }) {
      const ring = await addToRing(memory, HEAD, head, added, maxEntries);
      await memory.set(HEAD, { ring, dropped, tally } satisfies Kept);
    },
  };
  return standardAgent(logKeeperKind, checked, {
    run: (task: TaskInput<unknown>, ctx) =>
      isTold(task, LOG_TOPIC) ? collect(task, ctx, collection) : answerAsTask(task, ctx),
    answer: ({ payload }: QueryInput, ctx) => answer(parseInput(Request, payload, "what is asked of the log"), ctx),
  });
};

/** A version that counted nothing that it lost kept no tally. */
const keptIn = async (memory: QueryContext["memory"]): Promise<Kept> => ({
  ...EMPTY,
  ...((await memory.get(HEAD)) as Partial<Kept> | null),
});

const rank = (level: LogLevel): number => LEVELS.indexOf(level);

const answer = async (request: z.output<typeof Request>, ctx: QueryContext): Promise<unknown> => {
  const { ring, dropped, tally } = await keptIn(ctx.memory);
  // Those before are gone.
  const about = { kept: sizeOfRing(ring), written: ring.added, dropped, lost: tally.lost };
  if ("find" in request) {
    const { limit, ...wanted } = request.find;
    const fits = matcher(wanted);
    const entries: KeptEntry[] = [];
    for await (const entry of newestOf(ctx.memory, HEAD, ring)) {
      if (fits(entry as KeptEntry)) entries.push(entry as KeptEntry);
      if (entries.length === limit) break;
    }
    return { ...about, entries };
  }
  const { by, ...wanted } = request.count;
  const fits = matcher(wanted);
  const counts = new Map<string, number>();
  for await (const entry of newestOf(ctx.memory, HEAD, ring)) {
    const kept = entry as KeptEntry;
    if (fits(kept)) counts.set(kept[by], (counts.get(kept[by]) ?? 0) + 1);
  }
  return { ...about, counts: Object.fromEntries(counts) };
};

const matcher = ({
  text,
  level,
  agent,
  task,
  trace,
  from = 0,
  to = Number.POSITIVE_INFINITY,
}: Omit<z.output<typeof Find>, "limit">): ((entry: KeptEntry) => boolean) => {
  const words = text?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const least = level === undefined ? 0 : rank(level);
  return (entry) => {
    if (rank(entry.level) < least || entry.at < from || entry.at > to) return false;
    if (agent !== undefined && entry.agent !== agent) return false;
    if (task !== undefined && entry.task?.id !== task) return false;
    if (trace !== undefined && entry.task?.traceId !== trace) return false;
    if (words.length === 0) return true;
    const said = `${entry.message} ${entry.fields === undefined ? "" : JSON.stringify(entry.fields)}`.toLowerCase();
    return words.every((word) => said.includes(word));
  };
};

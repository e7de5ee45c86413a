import { parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  type Context,
  MEASURE_TOPIC,
  type QueryContext,
  type QueryInput,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { answerAsTask } from "../collecting/answer-as-task.ts";
import { collect, isTold, oneTaskFor } from "../collecting/collect.ts";
import { jsonBytes, withinBytes } from "../collecting/json-bytes.ts";
import type { Collection } from "../collecting/keep-taken.ts";
import { NO_TALLY, type Tally } from "../collecting/tally.ts";
import { Time, ToldBy } from "../collecting/told-by.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { addToSeries, hasLabels, MINUTE_MS, type Series, type Statistics, statisticsOf } from "./series.ts";
import { DEFAULT_THRESHOLDS, isBeyond, Threshold } from "./thresholds.ts";

const shape = {
  thresholds: z
    .array(Threshold)
    .max(100)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: "expected names that differ" })
    .default(DEFAULT_THRESHOLDS.map((each) => Threshold.parse(each))),
  /** Of numbers that differ by name, agent or labels; beyond, those that were not told for longest go. */
  maxSeries: z.int().min(10).max(1_000).default(200),
};

export const monitorKind: StandardKind<typeof shape> = {
  name: "monitor",
  description:
    "Keeps the numbers that agents tell: counts, rates and percentiles by minute, and alerts beyond thresholds",
  latencyMs: { from: 1, to: 25 },
  doesNot: ["notice that nothing is told any more", "keep more than the last 15 minutes", "measure by itself"],
  skills: [
    {
      id: "metrics",
      name: "Show metrics",
      description: "Statistics of numbers by name, agent and labels, and which alerts are open",
      tags: ["metrics", "monitor", "alert", "latency"],
      examples: ["How long did tasks of the refund desk take in the last 5 minutes?"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  triggers: () => [oneTaskFor(MEASURE_TOPIC)],
  example: {
    options: { thresholds: [{ name: "slow", measure: "task.duration", statistic: "p95", above: 2000 }] },
    input: { show: { minutes: 5 } },
  },
};

export type MonitorOptions = StandardOptions<typeof shape>;

export interface OpenAlert {
  readonly alert: string;
  readonly agent: string;
  readonly value: number;
  readonly since: number;
}

const Labels = z.record(z.string().min(1).max(64), z.string().max(200));
const Told = z.object({
  at: Time,
  name: z.string().min(1).max(200),
  value: z.number(),
  labels: Labels.refine((labels) => Object.keys(labels).length <= 10, { error: "expected at most 10" }).default({}),
});
const Report = z.object({ task: ToldBy, measures: z.array(Told).max(1_000), dropped: z.int().min(0).optional() });

const Request = z.strictObject({
  show: z.strictObject({
    measure: z.string().max(200).optional(),
    agent: z.string().max(63).optional(),
    labels: Labels.optional(),
    minutes: z.int().min(1).max(15).default(5),
    /** What numbers are put together by. */
    by: z.enum(["series", "agent", "measure"]).default("series"),
    limit: z.int().min(1).max(500).default(100),
    /** Milliseconds since 1970: the end of what is shown. */
    at: Time.optional(),
  }),
});

interface Kept {
  readonly series: readonly Series[];
  readonly alerts: readonly OpenAlert[];
  readonly dropped: number;
  readonly at: number;
  readonly tally: Tally;
}

interface State {
  readonly series: Map<string, Series>;
  readonly alerts: readonly OpenAlert[];
  dropped: number;
  at: number;
  tally: Tally;
  /** What began and ended, as it was saved. */
  changed: readonly Changed[];
  /** Alerts for which there was no room. */
  leftOut: number;
}

interface Changed {
  readonly topic: "alert.raised" | "alert.resolved";
  readonly threshold: Threshold;
  readonly alert: OpenAlert;
}

const HEAD = "numbers";
const EMPTY: Kept = { series: [], alerts: [], dropped: 0, at: 0, tally: NO_TALLY };
// What one value may have is 1 MiB.
const MAX_BYTES = 900_000;
const MAX_ALERT_BYTES = 100_000;

/** An agent that keeps the numbers that others tell by `report.measure`. */
export const monitorAgent = (options: MonitorOptions = {}): AgentDefinition => {
  const checked = checkStandard(monitorKind, options);
  const { thresholds, maxSeries } = checked;
  const collection: Collection<State> = {
    topic: MEASURE_TOPIC,
    async load(memory) {
      const { series, ...kept } = await keptIn(memory);
      return { ...kept, series: new Map(series.map((each) => [keyOf(each), each])), changed: [], leftOut: 0 };
    },
    take(state, { source: agent, payload }, now) {
      const report = Report.safeParse(payload);
      if (!report.success) return false;
      state.dropped += report.data.dropped ?? 0;
      state.at = Math.max(state.at, now);
      for (const { name, labels, value, at } of report.data.measures) {
        const key = keyOf({ name, agent, labels });
        const known = state.series.get(key) ?? { name, agent, labels, count: 0, lastAt: 0, minutes: [] };
        // A clock that is ahead would make all that comes after it too old.
        state.series.set(key, addToSeries(known, value, Math.min(at, now + MINUTE_MS)));
      }
      return true;
    },
    async save(memory, state) {
      const series = newest([...state.series.values()], maxSeries);
      const { dropped, at, tally } = state;
      const { open: alerts, changed, leftOut } = judged(thresholds, series, state);
      state.changed = changed;
      state.leftOut = leftOut;
      await memory.set(HEAD, { series, alerts, dropped, at, tally } satisfies Kept);
    },
    async tell(ctx, { changed, leftOut }) {
      if (leftOut > 0) ctx.log.warn(`${leftOut} alerts are left out: more are open than there is room for`);
      for (const each of changed) await tell(ctx, each);
    },
  };
  return standardAgent(monitorKind, checked, {
    run: (task: TaskInput<unknown>, ctx) =>
      isTold(task, MEASURE_TOPIC) ? collect(task, ctx, collection) : answerAsTask(task, ctx),
    answer: ({ payload }: QueryInput, ctx) => answer(parseInput(Request, payload, "what is asked of the monitor"), ctx),
  });
};

/** A version that counted nothing that it lost kept no tally. */
const keptIn = async (memory: QueryContext["memory"]): Promise<Kept> => ({
  ...EMPTY,
  ...((await memory.get(HEAD)) as Partial<Kept> | null),
});

const keyOf = ({ name, agent, labels }: Pick<Series, "name" | "agent" | "labels">): string =>
  JSON.stringify([name, agent, Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1))]);

/** As many as there is room for, those that were told last first. */
const newest = (all: readonly Series[], most: number): readonly Series[] =>
  withinBytes(all.toSorted((one, other) => other.lastAt - one.lastAt).slice(0, most), MAX_BYTES);

/**
 * What is open now, and what began or ended by it. Of agents whose numbers have gone it stays open, as far as there is room: too little is known to say that it is
 * over. What has no room is not raised.
 */
const judged = (
  thresholds: readonly Threshold[],
  series: readonly Series[],
  { alerts, at }: Pick<State, "alerts" | "at">,
): { readonly open: readonly OpenAlert[]; readonly changed: readonly Changed[]; readonly leftOut: number } => {
  const known = new Map(alerts.map((each) => [alertKey(each), each]));
  const begun: { readonly threshold: Threshold; readonly alert: OpenAlert }[] = [];
  const open: OpenAlert[] = [];
  const changed: Changed[] = [];
  for (const threshold of thresholds) {
    const agents = new Set(series.filter(({ name }) => name === threshold.measure).map(({ agent }) => agent));
    for (const agent of agents) {
      if (threshold.agent !== undefined && threshold.agent !== agent) continue;
      const key = alertKey({ alert: threshold.name, agent });
      const before = known.get(key);
      const value = valueOf(threshold, series, agent, at);
      // Too little is known to say that it is over, too.
      if (value === null) continue;
      known.delete(key);
      const alert = { alert: threshold.name, agent, value, since: before?.since ?? at };
      if (isBeyond(threshold, value)) {
        if (before === undefined) begun.push({ threshold, alert });
        else open.push(alert);
      } else if (before !== undefined) changed.push({ topic: "alert.resolved", threshold, alert });
    }
  }
  const names = new Set(thresholds.map(({ name }) => name));
  const silent = [...known.values()].filter(({ alert }) => names.has(alert));
  let bytes = jsonBytes(open);
  const keep = (alert: OpenAlert): boolean => {
    bytes += jsonBytes(alert) + 1;
    if (bytes <= MAX_ALERT_BYTES) open.push(alert);
    return bytes <= MAX_ALERT_BYTES;
  };
  let leftOut = 0;
  for (const { threshold, alert } of begun) {
    if (keep(alert)) changed.push({ topic: "alert.raised", threshold, alert });
    else leftOut += 1;
  }
  for (const alert of silent.toSorted((one, other) => other.since - one.since)) if (!keep(alert)) leftOut += 1;
  return { open, changed, leftOut };
};

const alertKey = ({ alert, agent }: Pick<OpenAlert, "alert" | "agent">): string => JSON.stringify([alert, agent]);

const valueOf = (threshold: Threshold, series: readonly Series[], agent: string, now: number): number | null => {
  const { measure, labels, statistic, of, minutes, minCount } = threshold;
  const all = series.filter((each) => each.name === measure && each.agent === agent && hasLabels(each, labels));
  const statistics = statisticsOf(all, now, minutes);
  if (statistics.count < minCount) return null;
  if (statistic !== "share") return statistics[statistic];
  const part = statisticsOf(
    all.filter((each) => hasLabels(each, of)),
    now,
    minutes,
  );
  return part.count / statistics.count;
};

const tell = (ctx: Context, { topic, threshold, alert: { agent, value, since } }: Changed): Promise<void> => {
  const { name, measure, statistic, above, below, severity, minutes } = threshold;
  const bound = above === undefined ? `below ${below}` : `above ${above}`;
  const message = `${statistic} of ${measure} of ${agent} is ${Math.round(value * 1000) / 1000} over ${minutes} min${topic === "alert.raised" ? `, ${bound}` : ` again`}`;
  return ctx.emit(
    topic,
    { alert: name, severity, message, agent, measure, statistic, value, since },
    { durable: true, key: `${name}/${agent}` },
  );
};

interface Shown extends Statistics {
  readonly name?: string;
  readonly agent?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const answer = async ({ show }: z.output<typeof Request>, ctx: QueryContext): Promise<unknown> => {
  const { series, alerts, dropped, at, tally } = await keptIn(ctx.memory);
  const { measure, agent, labels, minutes, by, limit } = show;
  const until = show.at ?? at;
  const fitting = series.filter(
    (each) => (measure ?? each.name) === each.name && (agent ?? each.agent) === each.agent && hasLabels(each, labels),
  );
  const groups = new Map<string, Series[]>();
  for (const each of fitting) {
    const key = by === "series" ? keyOf(each) : by === "agent" ? JSON.stringify([each.name, each.agent]) : each.name;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const numbers = [...groups.values()].slice(0, limit).map((group): Shown => {
    const [first] = group;
    return {
      ...(first === undefined ? {} : { name: first.name }),
      ...(first === undefined || by === "measure" ? {} : { agent: first.agent }),
      ...(first === undefined || by !== "series" ? {} : { labels: first.labels }),
      ...statisticsOf(group, until, minutes),
    };
  });
  return { numbers, matching: groups.size, alerts, until, dropped, lost: tally.lost };
};

import type { Context, Log, TaskInput } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import {
  ERROR_TOPIC,
  LOG_TOPIC,
  type LogEntry,
  type LogLevel,
  MEASURE_TOPIC,
  type Measure,
  type ReportedError,
  type ReportingTask,
} from "./reports.ts";

/** Tells what happens in a task to whoever keeps it. Nothing is sent before `flush`, and then one event for each kind, however much there is. */
export interface Reporter {
  /** As `ctx.log`, which hears of it too. */
  readonly log: Log;
  /** A number with a name, such as `bytes.read`; `labels` tell numbers of one name apart. */
  measure(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** An error that was dealt with; the one that ends a task is told by `reported`. */
  error(error: unknown, about?: { readonly doing?: string }): void;
  /** Sends what there is. Never rejects: what cannot be told fails no task. */
  flush(): Promise<void>;
}

// An event stands in the outbox, in a mailbox and in a log: what is told stays a small part of what a task writes itself.
const MAX_ENTRIES = 200;
const MAX_MEASURES = 500;
const MAX_ERRORS = 20;
const MAX_TEXT = 2_000;
const MAX_FIELDS = 4_096;
const MAX_CAUSES = 10;
// Of a number: one that is not so would have whoever keeps them refuse them all.
const MAX_NAME = 200;
const MAX_LABELS = 10;
const MAX_LABEL = 64;

/** Of one run of the code: after `ctx.continueAs` there is another. `isFatal` is of the error that ends it. */
export const createReporter = (
  {
    id,
    contextId,
    caller,
    traceparent,
    above,
  }: Pick<TaskInput<unknown>, "id" | "contextId" | "caller" | "traceparent" | "above">,
  ctx: Context,
): Reporter & { fail(error: unknown): void } => {
  const traceId = traceparent?.split("-")[1];
  const task: ReportingTask = {
    id,
    contextId,
    caller,
    ...(traceId === undefined ? {} : { traceId }),
    ...(above === undefined ? {} : { above }),
  };
  const entries = new Bounded<LogEntry>(MAX_ENTRIES);
  const measures = new Bounded<Measure>(MAX_MEASURES);
  const errors = new Bounded<ReportedError>(MAX_ERRORS);
  const write =
    (level: LogLevel) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      ctx.log[level](message, fields);
      const kept = bounded(fields);
      const entry = { at: ctx.now(), level, message: cut(String(message)) };
      entries.add(kept === undefined ? entry : { ...entry, fields: kept });
    };
  const raise = (thrown: unknown, fatal: boolean, doing?: string): void => {
    const error = PlatformError.from(thrown, "AGENT_FAILED");
    const details = bounded(error.details);
    errors.add({
      ...{ at: ctx.now(), code: error.code, message: cut(error.message), retryable: error.retryable },
      ...(doing === undefined ? {} : { doing: cut(doing) }),
      ...{ fatal, causes: causesOf(error) },
      ...(details === undefined ? {} : { details }),
    });
  };
  const send = async (topic: string, name: string, told: Bounded<unknown>): Promise<void> => {
    const { items, dropped } = told.take();
    if (items.length === 0) return;
    try {
      // Lines hold times and such that a replay has otherwise; what was told is told.
      const report = { task, [name]: items, ...(dropped === 0 ? {} : { dropped }) };
      await ctx.emit(topic, report, { durable: true, mayDiffer: true });
    } catch (error) {
      ctx.log.warn(`not told to ${topic}: ${PlatformError.from(error).message}`);
    }
  };
  return {
    log: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    measure(name, value, labels) {
      if (typeof value !== "number" || !Number.isFinite(value) || name === "") return;
      measures.add({
        at: ctx.now(),
        name: String(name).slice(0, MAX_NAME),
        value,
        ...(labels === undefined ? {} : { labels: boundedLabels(labels) }),
      });
    },
    error: (thrown, { doing } = {}) => raise(thrown, false, doing),
    fail: (thrown) => raise(thrown, true),
    async flush() {
      await send(LOG_TOPIC, "entries", entries);
      await send(ERROR_TOPIC, "errors", errors);
      await send(MEASURE_TOPIC, "measures", measures);
    },
  };
};

/** The newest so many, and how many there were before them. */
class Bounded<Item> {
  private items: Item[] = [];
  private dropped = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  add(item: Item): void {
    this.items.push(item);
    if (this.items.length <= this.most) return;
    this.items.shift();
    this.dropped += 1;
  }

  take(): { readonly items: readonly Item[]; readonly dropped: number } {
    const { items, dropped } = this;
    this.items = [];
    this.dropped = 0;
    return { items, dropped };
  }
}

const boundedLabels = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels)
      .filter(([name]) => name !== "" && name.length <= MAX_LABEL)
      .slice(0, MAX_LABELS)
      .map(([name, value]) => [name, String(value).slice(0, MAX_NAME)]),
  );

const cut = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)} [cut]`);

/** As JSON has them; what is too large or no JSON is left out, and says so. */
const bounded = (
  fields: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined => {
  if (fields === undefined) return undefined;
  try {
    const text = JSON.stringify(fields);
    if (text.length > MAX_FIELDS) return { leftOut: `${text.length} characters` };
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return { leftOut: "no JSON" };
  }
};

const causesOf = ({ cause }: PlatformError): ReportedError["causes"] => {
  const causes: { code?: PlatformError["code"]; message: string }[] = [];
  for (let at: unknown = cause; at instanceof Error && causes.length < MAX_CAUSES; at = at.cause)
    causes.push({ ...(PlatformError.is(at) ? { code: at.code } : {}), message: cut(at.message) });
  return causes;
};

/**
 * The thread or process of one revision, started when it is first needed and ended when nothing has run in it for a while. What runs in it
 * goes with it: tasks go on from their logs, in the next one.
 */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context, QueryContext, QueryInput, TaskInput } from "@agentcore/contract/authoring";
import type { ApartAttempt, ApartCode, ApartEvents as AttemptEvents } from "@agentcore/core/tasks";
import type { CodeSnapshot } from "../agents/read-code.ts";
import type { Apart, ApartEvents, ApartLimits } from "./apart.ts";
import { ApartRun, type Beginning, type RunMembers } from "./apart-run.ts";
import { type CpuAllowance, createCpuAllowance } from "./cpu-allowance.ts";
import type { DescribedAgent } from "./describe-definition.ts";
import type { FromApart } from "./messages.ts";
import { performCall, performQuestion } from "./perform-call.ts";
import { readDescribed } from "./read-described.ts";
import { MAX_SIGNALS, openExchange } from "./references.ts";
import { decode } from "./value-codec.ts";

export interface ApartHostOptions {
  readonly start: (limits: ApartLimits, events: ApartEvents) => Apart;
  readonly limits: ApartLimits;
  /** What it may use of the processor for each run, where what is started tells how much that is. @default no limit */
  readonly cpuMs?: number | undefined;
  readonly snapshot: CodeSnapshot;
  readonly exportName: string;
  /** Of an error that the code failed to load with: what to do about it there. @default as it is */
  readonly explain?: ((error: unknown) => unknown) | undefined;
  /** As the code's side finds it. */
  readonly snapshotDirectory: string;
}

export interface ApartHost extends ApartCode {
  /** The agent, with schemas and handlers that lead there. Throws INVALID_ARGUMENT when its code does not load. */
  define(): Promise<AgentDefinition>;
  close(): void;
}

// Starting one takes some 150 ms.
const IDLE_MS = 60_000;
// What is dropped is told so in its next turn; code that takes none is at work without end.
const DROP_LIMIT_MS = 2_000;
const LOAD_LIMIT_MS = 60_000;
// Whoever submits a task waits for it.
const VALIDATION_LIMIT_MS = 10_000;
const DEFINITION = 0;
const LOOK_EVERY_MS = 100;

interface Started {
  readonly apart: Apart;
  readonly runs: Map<number, { readonly run: ApartRun; readonly lost: (why: PlatformError) => void }>;
  /** Runs that nobody waits for any more and that have not heard of it. */
  readonly dropping: Map<number, NodeJS.Timeout>;
  readonly described: Promise<DescribedAgent>;
  readonly allowance: CpuAllowance | undefined;
  idle: NodeJS.Timeout | undefined;
  /** By schemas of the definition, under way. */
  validations: number;
}

export const createApartHost = (options: ApartHostOptions): ApartHost => {
  let started: Started | undefined;
  let made = 0;
  let isClosed = false;

  const open = (): Started => {
    if (isClosed) throw new PlatformError("UNAVAILABLE", "the node is shutting down");
    started ??= launch(options, (gone) => {
      if (started === gone) started = undefined;
    });
    clearTimeout(started.idle);
    return started;
  };

  /** Ended when nothing has run for a while. */
  const rest = (from: Started): void => {
    clearTimeout(from.idle);
    if (from.runs.size > 0 || from.validations > 0) return;
    from.idle = setTimeout(() => {
      // It is gone a moment later: nothing more is to begin in it.
      if (started === from) started = undefined;
      from.apart.kill();
    }, IDLE_MS);
    from.idle.unref();
  };

  const begin = (members: RunMembers, lost: (why: PlatformError) => void, beginning: Beginning) => {
    const id = ++made;
    const run = new ApartRun(id, members);
    // Nobody may be listening when it comes.
    run.ended.catch(() => {});
    let host: Started | undefined;
    const drop = (): void => {
      run.close();
      if (host?.runs.delete(id) !== true) return;
      const { apart, dropping } = host;
      apart.send({ type: "drop", run: id });
      dropping.set(id, setTimeout(() => apart.kill(), DROP_LIMIT_MS).unref());
      rest(host);
    };
    const failed = (error: unknown): void => {
      run.close();
      lost(PlatformError.from(error, "UNAVAILABLE"));
    };
    try {
      const opened = open();
      host = opened;
      opened.runs.set(id, { run, lost });
      opened.allowance?.begin(opened.runs.size, opened.apart.cpuMs?.() ?? 0);
      opened.described.then(
        () => run.begin(opened.apart, beginning),
        (error: unknown) => {
          if (opened.runs.delete(id)) failed(error);
        },
      );
    } catch (error) {
      queueMicrotask(() => failed(error));
    }
    return { run, drop };
  };

  const runTask = (task: TaskInput<unknown>, ctx: Context, { quiet, lost }: AttemptEvents): ApartAttempt => {
    const members: RunMembers = {
      call: (method, values) => performCall(ctx, method, values),
      ask: (method, values) => performQuestion(ctx, method, values),
      log: ctx.log,
      quiet,
    };
    const { run, drop } = begin(members, lost, (id, turn, encoded) => ({
      ...{ type: "run", run: id, turn, task: encoded(task) },
      env: encoded({ env: ctx.env, signal: ctx.signal }),
    }));
    return {
      ended: run.ended,
      get isQuiet() {
        return run.isQuiet;
      },
      quiet: () => run.quiet(),
      drop,
    };
  };

  const answer = (query: QueryInput, ctx: QueryContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const refuse = (method: string): never => {
        throw new PlatformError("QUERY_HAS_EFFECT", `a query handler has no ctx.${method}`);
      };
      const members: RunMembers = {
        call: async (method, values) => {
          if (method === "query") return ctx.query(...(values as Parameters<typeof ctx.query>));
          return method === "memory.get" ? ctx.memory.get(String(values[0])) : refuse(method);
        },
        ask: (method) => refuse(method),
        log: ctx.log,
      };
      const { run, drop } = begin(members, reject, (id, turn, encoded) => ({
        ...{ type: "answer", run: id, turn, query: encoded(query) },
        ctx: encoded({ signal: ctx.signal, env: ctx.env, tenantId: ctx.tenantId }),
      }));
      // A handler that never comes to rest does not end by itself.
      const stop = (): void => {
        reject(ctx.signal.reason);
        // First it hears of it by its own signal.
        queueMicrotask(drop);
      };
      if (ctx.signal.aborted) {
        reject(ctx.signal.reason);
        drop();
      } else ctx.signal.addEventListener("abort", stop, { once: true });
      run.ended.then(resolve, reject).finally(() => {
        ctx.signal.removeEventListener("abort", stop);
        drop();
      });
    });

  return {
    start: runTask,
    async define() {
      const described = await open().described;
      if (started !== undefined) rest(started);
      const { runs, answers, input, output, ...rest_ } = described;
      const through = (side: "input" | "output") => async (value: unknown) => {
        const host = open();
        host.validations += 1;
        let late: NodeJS.Timeout | undefined;
        try {
          const schema = (await host.described)[side];
          late = setTimeout(() => host.apart.kill(), VALIDATION_LIMIT_MS).unref();
          return await schema?.["~standard"].validate(value);
        } finally {
          clearTimeout(late);
          host.validations -= 1;
          rest(host);
        }
      };
      const schema = (side: "input" | "output", own: AgentDefinition["input"]) =>
        own === undefined ? {} : { [side]: { "~standard": { ...own["~standard"], validate: through(side) } } };
      return {
        ...rest_,
        ...schema("input", input),
        ...schema("output", output),
        // Marks that it takes tasks; who runs them goes by `LoadedAgent.apart`.
        ...(runs ? { run: runsApart } : {}),
        ...(answers ? { answer } : {}),
      } as AgentDefinition;
    },
    close() {
      isClosed = true;
      started?.apart.kill();
    },
  };
};

const runsApart = (): never => {
  throw new PlatformError("INTERNAL", "this agent's code runs apart from the node");
};

const launch = (
  { start, limits, cpuMs, snapshot, exportName, snapshotDirectory, explain = (error) => error }: ApartHostOptions,
  onGone: (started: Started) => void,
): Started => {
  const definition = openExchange({
    maxSignals: MAX_SIGNALS,
    invoke: (call, id, values) => apart.send({ type: "invoke", run: DEFINITION, call, function: id, values }),
    aborted: () => {},
  });
  let loaded: { resolve(described: DescribedAgent): void; reject(error: unknown): void } = {
    resolve() {},
    reject() {},
  };
  const described = new Promise<DescribedAgent>((resolve, reject) => {
    loaded = { resolve, reject };
  });
  described.catch(() => {});
  const hear = (message: FromApart): void => {
    if (message.type === "loaded") {
      clearTimeout(late);
      try {
        if ("error" in message) throw decode(message.error, definition);
        loaded.resolve(readDescribed(decode(message.value, definition)));
      } catch (error) {
        loaded.reject(explain(error));
        apart.kill();
      }
      return;
    }
    if (message.run === DEFINITION) {
      if (message.type === "returned") definition.settle(message.call, message);
      return;
    }
    if (message.type === "dropped") {
      clearTimeout(started.dropping.get(message.run));
      started.dropping.delete(message.run);
      return;
    }
    const found = started.runs.get(message.run);
    if (found !== undefined) found.run.hear(message);
    // What was dropped a moment ago waits for an answer, and so does all else there.
    else if (message.type === "ask") apart.answer({ error: "the run has ended" });
  };
  let endedFor: string | undefined;
  const gone = (why: string, cause?: PlatformError): void => {
    clearTimeout(late);
    clearInterval(watch);
    clearTimeout(started.idle);
    for (const timer of started.dropping.values()) clearTimeout(timer);
    onGone(started);
    const error = new PlatformError("UNAVAILABLE", `what the agent's code ran in is gone: ${endedFor ?? why}`);
    loaded.reject(cause ?? error);
    definition.close(error);
    for (const { run, lost } of started.runs.values()) {
      run.close();
      lost(error);
    }
    started.runs.clear();
  };
  const apart = start(limits, { hear, gone });
  const late = setTimeout(() => apart.kill(), LOAD_LIMIT_MS).unref();
  const allowance = cpuMs === undefined ? undefined : createCpuAllowance(cpuMs);
  const watch =
    allowance === undefined
      ? undefined
      : setInterval(() => {
          if (!allowance.isExceeded(apart.cpuMs?.() ?? 0)) return;
          endedFor ??= "it was ended for its limit sandbox.cpuMs";
          apart.kill();
        }, LOOK_EVERY_MS).unref();
  const started: Started = {
    ...{ apart, runs: new Map(), dropping: new Map(), described, allowance },
    ...{ idle: undefined, validations: 0 },
  };
  apart.send({ type: "load", snapshot, export: exportName, snapshots: snapshotDirectory });
  return started;
};

/** Runs inside a thread or a process: loads one agent and runs its tasks, each as the node says. */
import type { AgentDefinition, QueryContext, QueryInput, TaskInput } from "@agentcore/contract/authoring";
import { createRevisionLoader } from "../../agents/revision-loader.ts";
import { assertRunsApart, describeDefinition } from "../describe-definition.ts";
import type { FromApart, Settled, ToApart } from "../messages.ts";
import { type Exchange, openExchange } from "../references.ts";
import { decode, encode } from "../value-codec.ts";
import { type Calls, createApartContext, createApartLog } from "./apart-context.ts";
import { openProcessLink } from "./process-link.ts";
import { openThreadLink } from "./thread-link.ts";

const link = openThreadLink() ?? openProcessLink();
const runs = new Map<number, Run>();
let definition: AgentDefinition | undefined;

interface Run {
  readonly exchange: Exchange;
  readonly calls: Calls;
  settle(call: number, settled: Settled): void;
}

/** The run that a definition's own schemas belong to. */
const DEFINITION = 0;

const openRun = (run: number): Run => {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let made = 0;
  const exchange = openExchange({
    invoke: (call, id, values) => link.send({ type: "invoke", run, call, function: id, values }),
    aborted: (signal, reason) => link.send({ type: "abort", run, signal, reason }),
  });
  const settled = (end: Settled): unknown => {
    if ("error" in end) throw decode(end.error, exchange);
    return decode(end.value, exchange);
  };
  const opened: Run = {
    exchange,
    calls: {
      call: (method, values) =>
        new Promise((resolve, reject) => {
          made += 1;
          waiting.set(made, { resolve, reject });
          link.send({ type: "call", run, call: made, method, values: encode(values, exchange) });
        }),
      ask: (method, values) => settled(link.ask({ type: "ask", run, method, values: encode(values, exchange) })),
      tell: (method, values) => link.send({ type: "tell", run, method, values: encode(values, exchange) }),
    },
    settle(call, end) {
      const found = waiting.get(call);
      waiting.delete(call);
      if ("error" in end) found?.reject(decode(end.error, exchange));
      else found?.resolve(decode(end.value, exchange));
    },
  };
  runs.set(run, opened);
  return opened;
};

const load = async (message: Extract<ToApart, { type: "load" }>): Promise<Settled> => {
  const { exchange } = openRun(DEFINITION);
  try {
    const loaded = await createRevisionLoader(message.snapshots).load(message.snapshot, message.export);
    assertRunsApart(loaded, message.export);
    definition = loaded;
    return { value: encode(describeDefinition(loaded), exchange) };
  } catch (error) {
    return { error: encode(error, exchange) };
  }
};

/** Runs what the agent has for it, and tells its end. */
const begin = (run: number, work: (opened: Run) => unknown): void => {
  const opened = openRun(run);
  const { exchange } = opened;
  const end = (settled: Settled): void => {
    if (runs.get(run) === opened) link.send({ type: "ended", run, ...settled });
  };
  // As an async function begins: in this turn.
  new Promise((resolve) => resolve(work(opened))).then(
    (value) => end({ value: encode(value, exchange) }),
    (error: unknown) => end({ error: encode(error, exchange) }),
  );
};

const hear = (message: ToApart): void => {
  if (message.type === "load") {
    void load(message).then((settled) => link.send({ type: "loaded", ...settled }));
    return;
  }
  const { run } = message;
  const exchange = runs.get(run)?.exchange;
  switch (message.type) {
    case "run":
      begin(run, ({ exchange: own, calls }) => {
        const task = decode(message.task, own) as TaskInput<unknown>;
        const ctx = createApartContext(calls, decode(message.env, own) as never);
        return definition?.run?.(task, ctx);
      });
      break;
    case "answer":
      begin(run, ({ exchange: own, calls }) => {
        const base = decode(message.ctx, own) as Pick<QueryContext, "signal" | "env" | "tenantId">;
        const query = (...values: unknown[]) => calls.call("query", values);
        const memory = { get: (key: string) => calls.call("memory.get", [key]) };
        const ctx = { ...base, log: createApartLog(calls.tell), memory, query } as QueryContext;
        return definition?.answer?.(decode(message.query, own) as QueryInput, ctx);
      });
      break;
    case "settled":
      runs.get(run)?.settle(message.call, message);
      break;
    case "abort":
      exchange?.abort(message.signal, message.reason);
      break;
    case "invoke":
      void exchange
        ?.run(message.function, message.values)
        .then((settled) => link.send({ type: "returned", run, call: message.call, ...settled }));
      return;
    case "returned":
      exchange?.settle(message.call, message);
      return;
    case "drop":
      exchange?.close();
      runs.delete(run);
      link.send({ type: "dropped", run });
      return;
  }
  // After all that follows from it without waiting for anything else.
  const quiet: FromApart = { type: "quiet", run, turn: message.turn };
  setImmediate(() => link.send(quiet));
};

link.listen(hear);

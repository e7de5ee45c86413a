/** A call of the machine, done by `ctx` under its address. */
import { PlatformError } from "@agentcore/contract";
import type { Context, RetryPolicy, Schema, Target } from "@agentcore/contract/authoring";
import { type CallSpec, type CompiledWorkflow, millisecondsOf } from "./compile-workflow.ts";
import type { Call, UndoVerdict } from "./machine.ts";

export interface Performed {
  readonly result: Promise<unknown>;
  /** Over by itself within what a step takes. */
  readonly isBrief: boolean;
  /** Nobody waits for it any more: it may end early, and tells all the same what it came to. */
  withdraw(): void;
}

type NodeCall = Extract<Call, { type: "node" }>;

export const perform = (ctx: Context, { functions }: CompiledWorkflow, call: Call): Performed => {
  const { address } = call;
  const step = (name: string, input: unknown, options: { timeout?: Duration; retry?: Retry }): Performed => {
    const work = functions[name] as (input: unknown, step: unknown) => unknown;
    return {
      result: ctx.step(address, (context) => work(input, context), { ...timeoutOf(options), ...retryOf(options) }),
      isBrief: true,
      // What a step does cannot be seen from here: it comes to its end.
      withdraw: () => undefined,
    };
  };
  const command = (target: Target, input: unknown, options: CommandOf): Performed =>
    withdrawable(() =>
      ctx.command(target, input, {
        key: address,
        ...timeoutOf(options),
        ...(options.skill === undefined ? {} : { skill: options.skill }),
        ...(options.priority === undefined ? {} : { priority: options.priority }),
      }),
    );
  if (call.type === "undo") {
    const { undo, input } = call;
    if (undo.function !== undefined) return step(undo.function, input, undo);
    return command(undo.target as Target, input, undo);
  }
  if (call.type === "ask") return withdrawable(() => askWhatStands(ctx, call));
  const { spec } = call.node;
  switch (spec.type) {
    case "task":
      return command(spec.target, call.input, spec);
    case "workflow":
      return command({ agent: spec.workflow }, call.input, spec);
    case "custom":
      return step(spec.function, call.input, spec);
    case "wait":
      return withdrawable((signal) => wait(ctx, call, spec, signal));
    case "approval":
      throw notYet(spec.type);
  }
};

type Duration = string | number | undefined;
type Retry = Extract<CallSpec, { type: "custom" }>["retry"];
interface CommandOf {
  readonly timeout?: Duration;
  readonly skill?: string | undefined;
  readonly priority?: Extract<CallSpec, { type: "task" }>["priority"];
}

const timeoutOf = ({ timeout }: { timeout?: Duration }): { timeoutMs?: number } =>
  timeout === undefined ? {} : { timeoutMs: millisecondsOf(timeout) };

const retryOf = ({ retry }: { retry?: Retry }): { retry?: RetryPolicy } =>
  retry === undefined ? {} : { retry: retry as RetryPolicy };

const withdrawable = (start: (signal: AbortSignal) => Promise<unknown>): Performed => {
  const controller = new AbortController();
  return { result: start(controller.signal), isBrief: false, withdraw: () => controller.abort() };
};

const wait = async (
  ctx: Context,
  { address, text }: NodeCall,
  { duration, until }: Extract<CallSpec, { type: "wait" }>,
  signal: AbortSignal,
): Promise<unknown> => {
  if (duration === undefined && until === undefined) throw notYet("wait for a signal or an event");
  const ms = duration === undefined ? Math.max(0, timeOf(text) - ctx.now()) : millisecondsOf(duration);
  await ctx.sleep(ms, { key: address, signal });
  return null;
};

const timeOf = (value: unknown): number => {
  // oxlint-disable-next-line no-restricted-globals -- it reads a text, not a clock
  const time = typeof value === "string" ? Date.parse(value) : value;
  if (typeof time === "number" && Number.isFinite(time)) return time;
  throw new PlatformError(
    "WORKFLOW_FAILED",
    `until: expected milliseconds since 1970 or a time as 2026-01-31T12:00:00Z, got ${JSON.stringify(value)}`,
  );
};

const VERDICTS = ["retry", "done", "leave"] as const;

/** Standard Schema of a person's answer. */
const VERDICT_SCHEMA: Schema<UndoVerdict> = {
  "~standard": {
    version: 1,
    vendor: "agentcore",
    validate: (value) => {
      const verdict = typeof value === "string" ? value.trim().toLowerCase() : value;
      return VERDICTS.includes(verdict as UndoVerdict)
        ? { value: verdict as UndoVerdict }
        : { issues: [{ message: `expected ${VERDICTS.join(", ")}` }] };
    },
  },
};

const askWhatStands = (
  ctx: Context,
  { address, failed, error }: Extract<Call, { type: "ask" }>,
): Promise<UndoVerdict> =>
  ctx.waitForInput<UndoVerdict>({
    key: address,
    prompt: `${failed} could not be taken back: ${error.message}. Answer "retry" to try again, "done" when it was taken back by hand, "leave" to let it stand.`,
    data: { node: failed, error: { code: error.code, message: error.message } },
    schema: VERDICT_SCHEMA,
  });

const notYet = (what: string): PlatformError =>
  new PlatformError("UNSUPPORTED_OPERATION", `workflows: ${what} is not built yet`);

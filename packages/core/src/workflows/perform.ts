/** A call of the machine, done by `ctx` under its address. */
import type { Context, RetryPolicy, Target } from "@agentcore/contract/authoring";
import { type CallSpec, type CompiledWorkflow, millisecondsOf } from "./compile-workflow.ts";
import type { Call, NodeCall } from "./machine.ts";
import type { UndoVerdict } from "./taking-back.ts";

export interface Performed {
  readonly result: Promise<unknown>;
  /** longStep: it may be tried again hours later. wait: what it waits for is in the log, and goes through a checkpoint. */
  readonly lasts: "step" | "longStep" | "wait";
  /** Nobody waits for it any more: it may end early, and tells all the same what it came to. */
  withdraw(): void;
}

const LONG_DELAY_MS = 60_000;

export const perform = (ctx: Context, { functions }: CompiledWorkflow, call: Call): Performed => {
  const { address } = call;
  const step = (name: string, input: unknown, options: { timeout?: Duration; retry?: Retry }): Performed => {
    const work = functions[name] as (input: unknown, step: unknown) => unknown;
    const controller = new AbortController();
    return {
      result: ctx.step(address, (context) => work(context.input, context), {
        input,
        signal: controller.signal,
        ...timeoutOf(options),
        ...retryOf(options),
      }),
      lasts:
        (options.retry?.maxDelayMs ?? 0) > LONG_DELAY_MS || (options.retry?.initialDelayMs ?? 0) > LONG_DELAY_MS
          ? "longStep"
          : "step",
      // What a step does cannot be seen from here: unless it is held before it begins, it comes to its end.
      withdraw: () => controller.abort(),
    };
  };
  const command = (target: Target, input: unknown, options: CommandOf): Performed =>
    withdrawable((signal) =>
      ctx.command(target, input, {
        key: address,
        signal,
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
  if (call.type === "ask") return withdrawable((signal) => askWhatStands(ctx, call, signal));
  const { spec } = call.node;
  switch (spec.type) {
    case "task":
      return command((call.target ?? spec.target) as Target, call.input, spec);
    case "workflow":
      return command({ agent: spec.workflow }, call.input, spec);
    case "custom":
      return step(spec.function, call.input, spec);
    case "wait":
      return withdrawable((signal) => wait(ctx, call, spec, signal));
    case "approval":
      return withdrawable((signal) => approve(ctx, call, spec, signal));
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
  return { result: start(controller.signal), lasts: "wait", withdraw: () => controller.abort() };
};

// What these ask for may be refused before anything is written down: they throw then, and give no promise.

const wait = (
  ctx: Context,
  { address, text, input }: NodeCall,
  { duration, signal: name, event, timeout }: Extract<CallSpec, { type: "wait" }>,
  signal: AbortSignal,
): Promise<unknown> => {
  const options = { key: address, signal, ...timeoutOf({ timeout }) };
  if (name !== undefined) return ctx.waitForSignal(name, options);
  if (event !== undefined) {
    const { topic, where } = event;
    const condition = where === undefined ? {} : { where, with: input as Readonly<Record<string, unknown>> };
    return ctx.waitForEvent(topic, { ...options, ...condition }).then(({ payload }) => payload);
  }
  const ms = duration === undefined ? Math.max(0, (text as number) - ctx.now()) : millisecondsOf(duration);
  return ctx.sleep(ms, { key: address, signal }).then(() => null);
};

const approve = (
  ctx: Context,
  { address, text, input }: NodeCall,
  { choices, approvers, fourEyes, expiresAfter, remindAfter, escalate }: Extract<CallSpec, { type: "approval" }>,
  signal: AbortSignal,
): Promise<unknown> =>
  ctx.waitForDecision({
    key: address,
    prompt: String(text),
    show: input,
    signal,
    ...(choices === undefined ? {} : { choices }),
    ...(approvers === undefined ? {} : { approvers }),
    ...(fourEyes === undefined ? {} : { fourEyes }),
    ...(expiresAfter === undefined ? {} : { expiresMs: millisecondsOf(expiresAfter) }),
    ...(remindAfter === undefined ? {} : { remindMs: millisecondsOf(remindAfter) }),
    ...(escalate === undefined ? {} : { escalate: { afterMs: millisecondsOf(escalate.after), to: escalate.to } }),
  });

/** "retry": it is tried again; "done": it was taken back by hand; "leave": it stands. */
const askWhatStands = (
  ctx: Context,
  { address, failed, error: { code, message }, input, choices }: Extract<Call, { type: "ask" }>,
  signal: AbortSignal,
): Promise<UndoVerdict> =>
  ctx
    .waitForDecision({
      key: address,
      prompt: `What ${failed} did could not be taken back: ${message}`,
      show: { node: failed, input, error: { code, message } },
      choices,
      signal,
    })
    .then(({ choice }) => choice as UndoVerdict);

/** What the code asks of `ctx` from apart, asked of the node's. */
import { PlatformError } from "@agentcore/contract";
import type { Context, StepContext } from "@agentcore/contract/authoring";

type Values = readonly unknown[];
type Members = Readonly<Record<string, (ctx: Context, values: Values) => unknown>>;

/** Members that do nothing but what their name says, with what they are given. */
const plain = (names: readonly (keyof Context)[]): Members =>
  Object.fromEntries(
    names.map((name) => [
      name,
      (ctx: Context, values: Values) => (ctx[name] as (...given: Values) => unknown)(...values),
    ]),
  );

const LATER: Members = {
  ...plain(["command", "query", "emit", "artifact", "progress", "waitForInput", "waitForAuthorization"]),
  ...plain(["waitForDecision", "waitForSignal", "waitForEvent", "sleep", "model", "tool", "tools", "continueAs"]),
  ...Object.fromEntries(
    (["get", "set", "delete", "remember", "recall", "history", "forget"] as const).map((name) => [
      `memory.${name}`,
      (ctx: Context, values: Values) => (ctx.memory[name] as (...given: Values) => unknown)(...values),
    ]),
  ),
  step: (ctx, [name, run, options]) =>
    ctx.step(name as string, (step) => (run as (step: StepContext) => unknown)(told(step)), options as object),
};

const AT_ONCE: Members = {
  ...plain(["now", "random", "id", "patched"]),
  messages: (ctx) => ctx.messages,
  decide: (ctx, [name, made, options]) =>
    ctx.decide(
      name as string,
      () => {
        const outcome = made as { readonly value: string } | { readonly error: unknown };
        if ("error" in outcome) throw outcome.error;
        return outcome.value;
      },
      options as object,
    ),
};

/** All that the code's side is told of a step: its members may be made when someone looks. */
const told = ({ signal, idempotencyKey, attempt, input, credential }: StepContext): StepContext => ({
  ...{ signal, idempotencyKey, attempt, input, credential },
});

export const performCall = async (ctx: Context, method: string, values: Values): Promise<unknown> =>
  memberOf(LATER, method)(ctx, values);

export const performQuestion = (ctx: Context, method: string, values: Values): unknown =>
  memberOf(AT_ONCE, method)(ctx, values);

const memberOf = (members: Members, name: string): Members[string] => {
  const member = Object.hasOwn(members, name) ? members[name] : undefined;
  if (member === undefined) throw new PlatformError("INTERNAL", `ctx has no member ${name} for code that runs apart`);
  return member;
};

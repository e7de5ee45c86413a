import type { Context } from "@agentcore/contract/authoring";

/** The context, some of whose calls are others. `signal` and `messages` stay what they are: of the moment in which the code looks. */
export const contextWith = (ctx: Context, calls: Partial<Pick<Context, "model" | "continueAs">>): Context =>
  Object.defineProperties({} as Context, {
    ...Object.getOwnPropertyDescriptors(ctx),
    ...Object.getOwnPropertyDescriptors(calls),
  });

import type { Context } from "@agentcore/contract/authoring";

/** The context, some of whose calls are others. No copy: `signal` and `messages` are of the moment in which the code looks. */
export const contextWith = (ctx: Context, calls: Partial<Pick<Context, "step" | "tool">>): Context =>
  Object.assign(Object.create(ctx) as Context, calls);

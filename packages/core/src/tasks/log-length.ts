import type { Context } from "@agentcore/contract/authoring";

/**
 * On a task's context, for what interprets a workflow: how many events the log has since its checkpoint, 0 during a replay. Not for authors:
 * what began, or did not, because of it is another thing in a replay.
 */
export const LOG_LENGTH = Symbol("log length");

export type LogLength = () => number;

export const logLengthOf = (ctx: Context): LogLength =>
  (ctx as Context & { readonly [LOG_LENGTH]?: LogLength })[LOG_LENGTH] ?? (() => 0);

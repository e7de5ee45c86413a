import type { Context } from "@agentcore/contract/authoring";

/**
 * On a task's context, for what interprets a workflow: the choice that the log has under a name of `decide`, null where it has none. Not for
 * authors: code that asks it does one thing in a run and another in its replay.
 */
export const RECORDED_CHOICE = Symbol("recorded choice");

export type RecordedChoice = (name: string) => string | null;

export const recordedChoiceOf = (ctx: Context): RecordedChoice =>
  (ctx as Context & { readonly [RECORDED_CHOICE]?: RecordedChoice })[RECORDED_CHOICE] ?? (() => null);

/** What a task may be told by: whoever asks, and whoever wrote its agent. Everything else came from outside. */
import type { Context, GuardedTask } from "@agentcore/sdk";
import { normalText } from "./normal-text.ts";
import { linksIn } from "./targets-in.ts";
import { textsIn } from "./texts-in.ts";

export interface Words {
  readonly texts: readonly string[];
  /** Hosts of links that stand in them. */
  readonly hosts: ReadonlySet<string>;
}

/** `isInputOwn`: else what the task was given is from outside as well. */
export const ownWords = (ctx: Context, { task, instructions }: GuardedTask, isInputOwn: boolean): Words => {
  const asked = isInputOwn ? [task.input, task.message?.parts, ctx.messages.map(({ parts }) => parts)] : [];
  return wordsOf([instructions, asked]);
};

export const receivedWords = ({ received, task }: GuardedTask, isInputOwn: boolean): Words =>
  wordsOf([received, isInputOwn ? [] : [task.input, task.message?.parts]]);

const wordsOf = (value: unknown): Words => {
  const texts = textsIn(value).map(normalText);
  const hosts = texts.flatMap(linksIn).flatMap(({ host }) => host ?? []);
  return { texts, hosts: new Set(hosts) };
};

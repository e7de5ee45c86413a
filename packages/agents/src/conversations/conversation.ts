import type { Context } from "@agentcore/sdk";
import { told } from "../strategies/check-strategy.ts";
import type { Member } from "./members.ts";
import { type Reply, readReply } from "./reply.ts";
import type { Turn } from "./turn.ts";

// Of the newest turns a member is told; with 4,000 characters each they are some 30,000 tokens.
const WINDOW = 30;

/** What a member gets. Whatever it makes of it is its own affair: a model reads it, code may look at one field. */
interface Said {
  readonly you: string;
  readonly task: unknown;
  readonly conversation: readonly Turn[];
  /** So many turns before those are left out. */
  readonly leftOut?: number;
  readonly [more: string]: unknown;
}

/** What was said so far, in one task; members are told of it with each command, so they may live anywhere. */
export class Conversation {
  private readonly ctx: Context;
  private readonly task: unknown;
  private readonly said: Turn[];

  constructor(ctx: Context, task: unknown, before: readonly Turn[] = []) {
    this.ctx = ctx;
    this.task = task;
    this.said = [...before];
  }

  get turns(): readonly Turn[] {
    return this.said;
  }

  /** As a member is told. */
  get shown(): Pick<Said, "conversation" | "leftOut"> {
    const conversation = this.said.slice(-WINDOW).map((turn) => ({ ...turn, text: told(turn.text) }));
    const leftOut = this.said.length - conversation.length;
    return { conversation, ...(leftOut === 0 ? {} : { leftOut }) };
  }

  add(turn: Turn): void {
    this.said.push(turn);
  }

  /** Asks a member, as a task of its own, and gives its output; that is no turn yet. `key`: among those that are asked at once. */
  ask(member: Member, more: Readonly<Record<string, unknown>>, key?: string): Promise<unknown> {
    const { name, target, skill, timeoutMs } = member;
    const input: Said = { you: name, task: this.task, ...this.shown, ...more };
    return this.ctx.command(target, input, {
      ...(key === undefined ? {} : { key }),
      ...(skill === undefined ? {} : { skill }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** The member has its turn. */
  async turnOf(member: Member, more: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    const reply = readReply(await this.ask(member, more));
    this.add({ speaker: member.name, text: reply.text });
    return reply;
  }
}

export const introduced = (
  members: readonly Member[],
): readonly { readonly name: string; readonly description: string }[] =>
  members.map(({ name, description }) => ({ name, description }));

import { type Context, TerminalError } from "@agentcore/sdk";
import { told } from "../strategies/check-strategy.ts";
import { detectFailure } from "./detect-failure.ts";
import type { Exchange, ExchangeMember, FailureVerdict } from "./exchange.ts";
import type { Member } from "./members.ts";
import { asText, type Reply, readReply } from "./reply.ts";
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

/** What a conversation is about, and who takes part. */
export interface Talk {
  readonly task: unknown;
  readonly members: readonly ExchangeMember[];
  /** Turns that there may be. */
  readonly maxTurns?: number | undefined;
}

/**
 * What was said so far, in one task; members are told of it with each command, so they may live anywhere. Each turn is looked at for failures: they are
 * decisions in the log, and what goes round for sure is stopped.
 */
export class Conversation {
  private readonly ctx: Context;
  private readonly talk: Talk;
  private readonly said: Turn[];

  constructor(ctx: Context, talk: Talk, before: readonly Turn[] = []) {
    this.ctx = ctx;
    this.talk = talk;
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

  /** Throws LOOP_DETECTED. */
  add(turn: Turn): void {
    this.said.push(turn);
    this.judge({});
  }

  /** Nobody speaks any more: the last turn is what it came to. */
  end(): void {
    this.judge({ ended: true });
  }

  private judge({ ended }: Pick<Exchange, "ended">): void {
    const { task, members, maxTurns } = this.talk;
    const verdict = detectFailure({
      ...{ task: asText(task), members, turns: this.said },
      ...(ended === undefined ? {} : { ended }),
      ...(maxTurns === undefined ? {} : { limits: { maxTurns } }),
    });
    // Asked each time, so that a replay by a detector that sees more, or less, goes the way that was recorded.
    this.ctx.decide("failure-mode", () => (verdict === null ? "none" : toldOf(verdict)), { implied: "none" });
    const isStopped = verdict?.severity === "stop";
    const choice = this.ctx.decide("going-round", () => (isStopped ? "stop" : "go-on"), { implied: "go-on" });
    if (choice === "stop")
      throw new TerminalError(
        `the conversation goes round: ${verdict?.reasons.join("; ") ?? "as its log says"}; sharpen what its members are there for, or bound it`,
        { code: "LOOP_DETECTED", details: { failureMode: verdict?.mode ?? "step-repetition" } },
      );
  }

  /** Asks a member, as a task of its own, and gives its output; that is no turn yet. `key`: among those that are asked at once. */
  ask(member: Member, more: Readonly<Record<string, unknown>>, key?: string): Promise<unknown> {
    const { name, target, skill, timeoutMs } = member;
    const input: Said = { you: name, task: this.talk.task, ...this.shown, ...more };
    return this.ctx.command(target, input, {
      ...(key === undefined ? {} : { key }),
      ...(skill === undefined ? {} : { skill }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** The member has its turn. */
  async turnOf(member: Member, more: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    const reply = readReply(await this.ask(member, more));
    const to = reply.handoff?.to;
    this.add({ speaker: member.name, text: reply.text, ...(to === undefined ? {} : { to }) });
    return reply;
  }
}

export const introduction = ({ name, description }: Member): ExchangeMember => ({ name, description });

export const introduced = (members: readonly Member[]): readonly ExchangeMember[] => members.map(introduction);

const toldOf = ({ mode, member, turns, reasons }: FailureVerdict) => ({
  choice: mode,
  reasons: [...reasons, `${member}, turn ${turns.map((turn) => turn + 1).join(", ")}`],
});

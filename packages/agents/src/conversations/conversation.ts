import { FAILURE_DECISION } from "@agentcore/contract";
import { type Context, TerminalError } from "@agentcore/sdk";
import { told } from "../strategies/check-strategy.ts";
import { detectFailure } from "./detect-failure.ts";
import type { Exchange, ExchangeMember, FailureVerdict } from "./exchange.ts";
import type { Member } from "./members.ts";
import { asText, type Reply, readReply } from "./reply.ts";
import type { Turn } from "./turn.ts";

const NONE = "none";
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
export interface Talk extends Pick<Exchange, "allTakePart"> {
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

  /** Of somebody whose turns nobody here can help, such as a person's. */
  listen(turn: Turn): void {
    this.said.push(turn);
  }

  /** `ended`: it is what the conversation came to. Throws LOOP_DETECTED. */
  add(turn: Turn, ended = false): void {
    this.said.push(turn);
    this.judge({ turns: this.said, ended });
  }

  /** Nobody speaks any more, and a leader, who is no member, says what it came to. */
  end(leader: string, answer: unknown): void {
    const { members } = this.talk;
    const turns = [...this.said, { speaker: leader, text: asText(answer) }];
    this.judge({ turns, ended: true, members: [...members, { name: leader, description: "Leads the talk" }] });
  }

  private judge(now: Pick<Exchange, "turns" | "ended"> & Partial<Pick<Exchange, "members">>): void {
    const { task, maxTurns, ...talk } = this.talk;
    const exchange: Exchange = {
      ...{ ...talk, task: asText(task), ...now },
      ...(maxTurns === undefined ? {} : { limits: { maxTurns } }),
    };
    let verdict: FailureVerdict | null = null;
    // Only where nothing is recorded: a replay goes by that, also with a detector that sees more, or less.
    const look = (): FailureVerdict | null => (verdict = detectFailure(exchange));
    const mode = this.ctx.decide<string>(
      FAILURE_DECISION,
      () => {
        const seen = look();
        return seen === null ? NONE : toldOf(seen);
      },
      { implied: NONE },
    );
    // What is over cannot be stopped.
    if (mode === NONE || exchange.ended === true) return;
    const isStopped = (): boolean => (verdict ?? look())?.severity === "stop";
    const choice = this.ctx.decide("going-round", () => (isStopped() ? "stop" : "go-on"), { implied: "go-on" });
    if (choice === "go-on") return;
    const { reasons = ["as its log says"], turns = [] } = verdict ?? look() ?? {};
    throw new TerminalError(
      `the conversation goes round: ${reasons.join("; ")}; sharpen what its members are there for, or bound it`,
      { code: "LOOP_DETECTED", details: { failureMode: mode, turns: [...turns] } },
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

  /** The member has its turn. `ends`: whether that is what it comes to. */
  async turnOf(
    member: Member,
    more: Readonly<Record<string, unknown>>,
    ends: (reply: Reply) => boolean,
  ): Promise<Reply> {
    const reply = readReply(await this.ask(member, more));
    const to = reply.handoff?.to;
    this.add({ speaker: member.name, text: reply.text, ...(to === undefined ? {} : { to }) }, ends(reply));
    return reply;
  }
}

export const introduction = ({ name, description }: Member): ExchangeMember => ({ name, description });

export const introduced = (members: readonly Member[]): readonly ExchangeMember[] => members.map(introduction);

const toldOf = ({ mode, member, turns, reasons }: FailureVerdict) => ({
  choice: mode,
  reasons: [
    ...reasons,
    `${member}, ${turns.length === 1 ? "turn" : "turns"} ${turns.map((turn) => turn + 1).join(", ")}`,
  ],
});

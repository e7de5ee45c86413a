import { type Context, TerminalError } from "@agentcore/sdk";
import { type Conversation, introduced } from "./conversation.ts";
import { type Member, namesOf } from "./members.ts";
import type { Turn } from "./turn.ts";

const HOW =
  'Do the task if it is yours. If a colleague can do it better, hand over: answer with JSON and nothing else, { "handoff": { "to": name of a colleague, "reason": text, "context": what they should know } }.';

export interface Passing {
  readonly conversation: Conversation;
  readonly members: readonly Member[];
  readonly begin: Member;
  readonly colleaguesOf: (member: Member) => readonly Member[];
  readonly maxHandoffs: number;
  /** What every member is told besides. */
  readonly told: () => Readonly<Record<string, unknown>>;
  readonly heard?: (state: Readonly<Record<string, unknown>>) => void;
}

/** The task goes from member to member until one answers. */
export const passOn = async (
  ctx: Context,
  { conversation, members, begin, colleaguesOf, maxHandoffs, told, heard }: Passing,
): Promise<{ readonly answer: unknown; readonly by: Member; readonly turns: readonly Turn[] }> => {
  let active = begin;
  let refusals = 0;
  let more: Readonly<Record<string, unknown>> = {};
  for (let handoffs = 0; ; ) {
    const colleagues = colleaguesOf(active);
    const reply = await conversation.turnOf(
      active,
      { ...told(), ...more, colleagues: introduced(colleagues), how: HOW },
      ({ handoff }) => handoff === undefined,
    );
    if (reply.state !== undefined) heard?.(reply.state);
    const wish = reply.handoff;
    if (wish === undefined) return { answer: reply.answer, by: active, turns: conversation.turns };
    const from = active.name;
    const isAllowed = colleagues.some(({ name }) => name === wish.to);
    const reasons = wish.reason === undefined ? [] : [wish.reason];
    const choice = ctx.decide(`handoff from ${from}`, () =>
      isAllowed
        ? { choice: wish.to, reasons }
        : { choice: REFUSED, reasons: [`"${wish.to}" is no colleague of ${from}: ${namesOf(colleagues)}`] },
    );
    if (choice === REFUSED) {
      refusals += 1;
      if (refusals > 1)
        throw new TerminalError(`${from} hands over to "${wish.to}", who is no colleague; it was told so`);
      more = { refused: `there is no colleague "${wish.to}"; colleagues: ${namesOf(colleagues)}` };
      continue;
    }
    handoffs += 1;
    if (handoffs > maxHandoffs)
      throw new TerminalError(
        `the task was handed over ${maxHandoffs} times and nobody did it; the last were ${lastSpeakers(conversation)}`,
      );
    refusals = 0;
    active = members.find(({ name }) => name === choice) ?? active;
    more = { handedOver: { from, ...wish } };
  }
};

// No member has a name with spaces.
const REFUSED = "to nobody";
const lastSpeakers = ({ turns }: Conversation): string =>
  turns
    .slice(-4)
    .map(({ speaker }) => speaker)
    .join(" → ");

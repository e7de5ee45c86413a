import { type AgentDefinition, agent, TerminalError } from "@agentcore/sdk";
import { z } from "zod";
import { checkOptions, IN_CODE, type PatternOptions, type Role, type RoleSchemas, titled } from "../role.ts";
import { Conversation, introduced } from "./conversation.ts";
import { type Member, memberOf, membersOf, namedMember, type Roles, rolesShape } from "./members.ts";
import { type Reply, readReply, valueIn } from "./reply.ts";
import type { Turn } from "./turn.ts";

export interface NetworkOptions extends PatternOptions {
  /** 2 to 50, by name or as a list, then named as they are. */
  readonly members: Roles;
  /** To whom each may write. Who is not in it may write to nobody. @default all to all */
  readonly links?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Who is given the task at first. @default all */
  readonly start?: readonly string[] | undefined;
  /** Rounds of messages, 1 to 100. @default 10 */
  readonly maxRounds?: number | undefined;
  /** Makes one answer: gets `{ task, conversation, answers }`. @default none: the answers by member */
  readonly conclude?: Role | undefined;
}

export const networkShape = (schemas: RoleSchemas) => ({
  members: rolesShape(schemas),
  links: z.record(z.string(), z.array(z.string()).max(50)).optional(),
  start: z.array(z.string()).min(1).max(50).optional(),
  maxRounds: z.int().min(1).max(100).optional(),
  conclude: schemas.role.optional(),
});

const HOW =
  'Write to colleagues and give your own answer, as JSON { "messages": [{ "to": name, "text": text }], "answer": … }; leave out messages when you need nothing more.';

export interface NetworkResult {
  readonly answer: unknown;
  readonly answers: Readonly<Record<string, unknown>>;
  readonly rounds: number;
  readonly turns: readonly Turn[];
}

interface Letter {
  readonly from: string;
  readonly text: string;
}

/**
 * Members write to each other, in rounds: whoever has letters reads them, all at once, and writes back, until nobody writes any more. A member is told
 * `{ you, task, inbox, colleagues, how }`, and what was said to it and by it as `conversation`. Fails after `maxRounds`.
 */
export const network = (options: NetworkOptions): AgentDefinition => {
  const given = checkOptions("network", networkShape(IN_CODE), options) as NetworkOptions;
  const { name, links, maxRounds = 10, conclude } = given;
  const members = membersOf("network", name, given.members);
  const find = (field: string, wanted: string): Member => namedMember("network", name, field, members, wanted);
  const start = given.start?.map((each, index) => find(`start[${index}]`, each)) ?? members;
  for (const [from, to] of Object.entries(links ?? {})) for (const each of [from, ...to]) find(`links.${from}`, each);
  const colleaguesOf = (member: Member): readonly Member[] =>
    members.filter(
      (other) =>
        other.name !== member.name && (links === undefined || links[member.name]?.includes(other.name) === true),
    );
  return agent({
    ...titled("network", options),
    run: async ({ input }, ctx) => {
      const talk = { task: input, allTakePart: false, members: introduced(members) };
      const letters = new Conversation(ctx, talk);
      const answers: Record<string, unknown> = {};
      let inboxes = new Map<string, Letter[]>(start.map((member) => [member.name, []]));
      let rounds = 0;
      while (inboxes.size > 0) {
        rounds += 1;
        if (rounds > maxRounds)
          throw new TerminalError(`after ${maxRounds} rounds they still write to each other; raise maxRounds`);
        const asked = members.filter((member) => inboxes.has(member.name));
        const read = inboxes;
        const replies = await Promise.all(
          asked.map((member) => {
            const own = letters.turns.filter(({ speaker, to }) => speaker === member.name || to === member.name);
            const more = { inbox: read.get(member.name), colleagues: introduced(colleaguesOf(member)), how: HOW };
            return new Conversation(ctx, talk, own).ask(member, more, `${rounds}/${member.name}`);
          }),
        );
        inboxes = new Map();
        asked.forEach((member, index) => {
          const reply = readReply(valueIn(replies[index]));
          if (reply.answer !== null) answers[member.name] = reply.answer;
          for (const letter of lettersOf(member, reply, colleaguesOf(member))) {
            letters.add({ speaker: member.name, to: letter.to, text: letter.text });
            inboxes.set(letter.to, [...(inboxes.get(letter.to) ?? []), { from: member.name, text: letter.text }]);
          }
        });
      }
      const { turns } = letters;
      const result = { answers, rounds, turns };
      if (conclude === undefined) return { answer: answers, ...result };
      const concluded = await new Conversation(ctx, talk, turns).ask(memberOf("conclude", conclude), { answers });
      return { answer: concluded, ...result };
    },
  }) as AgentDefinition;
};

/** Those to colleagues; a letter to somebody else comes back as one from the platform. */
const lettersOf = (member: Member, { messages = [] }: Reply, colleagues: readonly Member[]) =>
  messages.map((letter) =>
    colleagues.some(({ name }) => name === letter.to)
      ? letter
      : { to: member.name, text: `Not delivered: "${letter.to}" is no colleague of yours. It said: ${letter.text}` },
  );

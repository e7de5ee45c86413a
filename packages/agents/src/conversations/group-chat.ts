import { invalidArgument } from "@agentcore/contract";
import { type AgentDefinition, agent, askFor, type Context, type ModelMessage, TerminalError } from "@agentcore/sdk";
import { z } from "zod";
import { checkOptions, IN_CODE, type PatternOptions, type Role, type RoleSchemas, titled } from "../role.ts";
import { Conversation, introduced } from "./conversation.ts";
import { type Member, memberOf, membersOf, type Roles, rolesShape } from "./members.ts";
import { type Reply, valueIn } from "./reply.ts";
import type { Turn } from "./turn.ts";

/** A model that leads the talk. */
export interface ModelManager {
  /** `provider/model` or the name of a Model manifest. */
  readonly model: string;
  readonly instructions?: string | undefined;
}

export interface GroupChatOptions extends PatternOptions {
  /** 2 to 50, by name or as a list, then named as they are. */
  readonly members: Roles;
  /**
   * Says who speaks next, and when it is done: a model, or an agent, that is told `{ task, conversation, members, how }` and gives `{ next, ask?, reason? }`
   * or `{ done: true, answer }`. "round-robin": one after the other, until one says `{ done: true, answer }`.
   */
  readonly manager: ModelManager | Role | "round-robin";
  /** 1 to 1,000. @default 20 */
  readonly maxTurns?: number | undefined;
  /** After `maxTurns`: it fails, or answers with what was said last. @default "fail" */
  readonly atLimit?: "fail" | "answer" | undefined;
}

const ModelManagerShape = z.strictObject({ model: z.string().min(1), instructions: z.string().optional() });

export const groupChatShape = (schemas: RoleSchemas) => ({
  members: rolesShape(schemas),
  manager: z.union([z.literal("round-robin"), ModelManagerShape, schemas.role], {
    error: 'expected { model }, { agent }, { capability } or "round-robin"',
  }),
  maxTurns: z.int().min(1).max(1000).optional(),
  atLimit: z.enum(["fail", "answer"], { error: "expected fail or answer" }).optional(),
});

/** What the manager says. */
interface Directive {
  readonly next?: string | undefined;
  /** Of whom is next. */
  readonly ask?: string | undefined;
  readonly reason?: string | undefined;
  readonly done?: boolean | undefined;
  readonly answer?: unknown;
}

export interface GroupChatResult {
  readonly answer: unknown;
  readonly turns: readonly Turn[];
}

/**
 * A talk with a manager, who says who speaks next. A member is told `{ you, task, conversation, members, ask? }`. Fails after `maxTurns`, and when
 * the manager calls twice for somebody who is not there.
 */
export const groupChat = (options: GroupChatOptions): AgentDefinition => {
  const given = checkOptions("groupChat", groupChatShape(IN_CODE), options) as GroupChatOptions;
  const members = membersOf("groupChat", options.name, given.members);
  const { manager, maxTurns = 20, atLimit = "fail" } = given;
  const lead = leadBy(manager, members);
  return agent({
    ...titled("groupChat", options),
    run: async ({ input }, ctx) => {
      const conversation = new Conversation(ctx, { task: input, members: introduced(members), maxTurns });
      for (let turn = 1; turn <= maxTurns; turn += 1) {
        const directive = await lead(ctx, conversation, input);
        const choice = ctx.decide("speaker", () => ({
          choice: directive.done === true ? DONE : (directive.next ?? DONE),
          reasons: directive.reason === undefined ? [] : [directive.reason],
        }));
        if (choice === DONE) {
          const { answer = null } = directive;
          conversation.end("manager", answer ?? conversation.turns.at(-1)?.text ?? "");
          return { answer, turns: conversation.turns };
        }
        const member = members.find(({ name }) => name === choice) as Member;
        const { ask } = directive;
        const isDone = ({ done }: Reply): boolean => manager === "round-robin" && done === true;
        const said = await conversation.turnOf(
          member,
          { members: introduced(members), ...(ask === undefined ? {} : { ask }) },
          isDone,
        );
        if (isDone(said)) return { answer: said.answer, turns: conversation.turns };
      }
      const reason = `${maxTurns} turns came to no end`;
      ctx.decide("out-of-turns", () => ({ choice: atLimit, reasons: [reason] }));
      if (atLimit === "fail") throw new TerminalError(`${reason}; raise maxTurns, or tell the manager when it is done`);
      return { answer: conversation.turns.at(-1)?.text ?? null, turns: conversation.turns };
    },
  }) as AgentDefinition;
};

// No member has a name with spaces.
const DONE = "it is done";
type Lead = (ctx: Context, conversation: Conversation, task: unknown) => Promise<Directive>;

const leadBy = (manager: GroupChatOptions["manager"], members: readonly Member[]): Lead => {
  if (manager === "round-robin")
    return async (_, { turns }) => ({ next: members[turns.length % members.length]?.name, reason: "their turn" });
  if ("model" in manager && !("run" in manager) && !("agent" in manager) && !("capability" in manager))
    return leadByModel(manager as ModelManager, members);
  return leadByAgent(memberOf("manager", manager as Role), members);
};

const HOW =
  'You lead the talk. Say who speaks next, as JSON { "next": name, "ask": what you want of them, "reason": why }, or, when the task is done, { "done": true, "answer": … }.';

const directiveOf = (members: readonly Member[]): z.ZodType<Directive> =>
  z
    .object({
      next: z.enum(members.map(({ name }) => name) as [string, ...string[]]).optional(),
      ask: z.string().optional(),
      reason: z.string().optional(),
      done: z.boolean().optional(),
      answer: z.unknown().optional(),
    })
    .refine(({ next, done }) => (next === undefined) === (done === true), {
      error: "expected either next, one of the members, or done with an answer",
    });

const leadByModel = ({ model, instructions }: ModelManager, members: readonly Member[]): Lead => {
  const system = [...(instructions === undefined ? [] : [instructions]), HOW].join("\n\n");
  const Directive = directiveOf(members);
  return (ctx, conversation, task) => {
    const messages: ModelMessage[] = [
      { role: "system", content: system },
      { role: "user", content: JSON.stringify({ task, members: introduced(members), ...conversation.shown }) },
    ];
    return askFor(ctx, messages, Directive, { name: "directive", model });
  };
};

const leadByAgent = (manager: Member, members: readonly Member[]): Lead => {
  const Directive = directiveOf(members);
  return async (ctx, conversation) => {
    const more = { members: introduced(members), how: HOW };
    const first = Directive.safeParse(valueIn(await conversation.ask(manager, more)));
    if (first.success) return first.data;
    const refused = first.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
    const again = Directive.safeParse(valueIn(await conversation.ask(manager, { ...more, refused })));
    if (again.success) return again.data;
    throw invalidArgument(
      "what the manager said",
      again.error.issues.map(({ path, message }) => ({ field: path.join("."), description: message })),
    );
  };
};

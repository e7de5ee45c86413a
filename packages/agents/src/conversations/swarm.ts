import { type AgentDefinition, agent, TerminalError } from "@agentcore/sdk";
import { z } from "zod";
import { checkOptions, IN_CODE, type PatternOptions, type RoleSchemas, titled } from "../role.ts";
import { told } from "../strategies/check-strategy.ts";
import { Conversation, introduced } from "./conversation.ts";
import type { HandoffResult } from "./handoff.ts";
import { membersOf, namedMember, type Roles, rolesShape } from "./members.ts";
import { passOn } from "./pass-on.ts";
import type { Turn } from "./turn.ts";

export interface SwarmOptions extends PatternOptions {
  /** 2 to 50, by name or as a list, then named as they are. */
  readonly members: Roles;
  /** Who begins a conversation. @default the first */
  readonly start?: string | undefined;
  /** In one task, 1 to 100. @default 10 */
  readonly maxHandoffs?: number | undefined;
}

export const swarmShape = (schemas: RoleSchemas) => ({
  members: rolesShape(schemas),
  start: z.string().optional(),
  maxHandoffs: z.int().min(1).max(100).optional(),
});

/** What the tasks of one conversation hand on to the next. */
interface Kept {
  readonly active: string;
  readonly state: Readonly<Record<string, unknown>>;
  readonly turns: readonly Turn[];
}

const USER = { name: "user", description: "Gives the tasks" };
const KEPT_MS = 30 * 86_400_000;
const TURNS_KEPT = 30;
const MAX_STATE_CHARACTERS = 256 * 1024;

/** As members are shown it: what they never see need not be kept. */
const shortened = (turn: Turn): Turn => ({ ...turn, text: told(turn.text) });

/**
 * Any member hands over to any other, all share a state, and the next task of the same conversation (context) goes to who was last active, with that
 * state and what was said. A member is told as with `handoff`, and `state`; what it gives as `state` is laid over it.
 */
export const swarm = (options: SwarmOptions): AgentDefinition => {
  const given = checkOptions("swarm", swarmShape(IN_CODE), options) as SwarmOptions;
  const members = membersOf("swarm", options.name, given.members);
  const first = namedMember("swarm", options.name, "start", members, given.start ?? members[0]?.name ?? "");
  return agent({
    ...titled("swarm", options),
    // Two tasks of one conversation would each lay its state over the other's.
    concurrency: "context",
    run: async ({ input, contextId, caller }, ctx) => {
      // One context id of two callers is two conversations.
      const key = `conversation/${JSON.stringify([caller, contextId])}`;
      const kept = (await ctx.memory.get(key)) as Kept | null;
      let state = kept?.state ?? {};
      const conversation = new Conversation(
        ctx,
        { task: input, allTakePart: false, members: [...introduced(members), USER] },
        kept?.turns,
      );
      conversation.listen({ speaker: USER.name, text: typeof input === "string" ? input : JSON.stringify(input) });
      const { answer, by, turns } = await passOn(ctx, {
        conversation,
        members,
        begin: members.find(({ name }) => name === kept?.active) ?? first,
        colleaguesOf: (member) => members.filter(({ name }) => name !== member.name),
        maxHandoffs: given.maxHandoffs ?? 10,
        told: () => ({ state }),
        heard: (more) => {
          state = { ...state, ...more };
          if (JSON.stringify(state).length > MAX_STATE_CHARACTERS)
            throw new TerminalError(
              `the members' state has more than ${MAX_STATE_CHARACTERS} characters; let them keep what is large elsewhere`,
            );
        },
      });
      const keep: Kept = { active: by.name, state, turns: turns.slice(-TURNS_KEPT).map(shortened) };
      await ctx.memory.set(key, keep, { ttlMs: KEPT_MS });
      return { answer, by: by.name, turns: turns.slice(kept?.turns.length ?? 0), state } satisfies HandoffResult & {
        readonly state: unknown;
      };
    },
  }) as AgentDefinition;
};

import { type AgentDefinition, agent } from "@agentcore/sdk";
import { z } from "zod";
import { checkOptions, IN_CODE, type PatternOptions, type RoleSchemas, titled } from "../role.ts";
import { Conversation, introduction } from "./conversation.ts";
import { type Member, membersOf, namedMember, type Roles, rolesShape } from "./members.ts";
import { passOn } from "./pass-on.ts";
import type { Turn } from "./turn.ts";

export interface HandoffOptions extends PatternOptions {
  /** 2 to 50, by name or as a list, then named as they are. */
  readonly members: Roles;
  /** Who begins. @default the first */
  readonly start?: string | undefined;
  /** To whom each may hand over. Who is not in it may hand over to nobody. @default all to all */
  readonly routes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** 1 to 100. @default 10 */
  readonly maxHandoffs?: number | undefined;
}

export const handoffShape = (schemas: RoleSchemas) => ({
  members: rolesShape(schemas),
  start: z.string().optional(),
  routes: z.record(z.string(), z.array(z.string()).max(50)).optional(),
  maxHandoffs: z.int().min(1).max(100).optional(),
});

/** How it ended. */
export interface HandoffResult {
  readonly answer: unknown;
  readonly by: string;
  readonly turns: readonly Turn[];
}

/**
 * One member at a time has the task, and hands it over with all that was said, and what the next should know, until one does it. A member is told
 * `{ you, task, conversation, colleagues, handedOver?, how }`. Fails when it is handed over more than `maxHandoffs` times, or
 * twice to somebody to whom it may not be.
 */
export const handoff = (options: HandoffOptions): AgentDefinition => {
  const given = checkOptions("handoff", handoffShape(IN_CODE), options) as HandoffOptions;
  const members = membersOf("handoff", options.name, given.members);
  const { maxHandoffs = 10, routes } = given;
  const begin = namedMember("handoff", options.name, "start", members, given.start ?? members[0]?.name ?? "");
  for (const [from, to] of Object.entries(routes ?? {}))
    for (const name of [from, ...to]) namedMember("handoff", options.name, `routes.${from}`, members, name);
  const colleaguesOf = (member: Member): readonly Member[] =>
    members.filter(
      ({ name }) => name !== member.name && (routes?.[member.name]?.includes(name) ?? routes === undefined),
    );
  return agent({
    ...titled("handoff", options),
    run: async ({ input }, ctx) => {
      const talk = {
        ...{ task: input, allTakePart: false },
        members: members.map((member) => ({
          ...introduction(member),
          handsTo: colleaguesOf(member).map(({ name }) => name),
        })),
      };
      const { answer, by, turns } = await passOn(ctx, {
        ...{ conversation: new Conversation(ctx, talk), members, begin, colleaguesOf },
        maxHandoffs,
        told: () => ({}),
      });
      return { answer, by: by.name, turns } satisfies HandoffResult;
    },
  }) as AgentDefinition;
};

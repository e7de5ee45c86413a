import { invalidArgument, parseDuration } from "@agentcore/contract";
import type { Target } from "@agentcore/sdk";
import { z } from "zod";
import { NAMED, namedRoles } from "../patterns/parallel.ts";
import { descriptionOf, type Role, type RoleSchemas } from "../role.ts";

/** Who takes part, by a name of the conversation. */
export interface Member {
  readonly name: string;
  readonly description: string;
  readonly target: Target;
  readonly skill?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export type Roles = readonly Role[] | Readonly<Record<string, Role>>;

export const rolesShape = ({ role }: RoleSchemas) =>
  z.union([z.array(role).min(2).max(50), z.record(NAMED, role)], {
    error: "expected 2 to 50 agents, as a list or by name",
  });

/** Throws INVALID_ARGUMENT where two have one name. */
export const membersOf = (pattern: string, name: string, roles: Roles): readonly Member[] =>
  namedRoles<Role>(pattern, name, "members", roles).map(([each, role]) => memberOf(each, role));

export const memberOf = (name: string, role: Role): Member => {
  const description = descriptionOf(role);
  if ("run" in role || "name" in role) return { name, description, target: { agent: (role as { name: string }).name } };
  const { skill, timeout } = role;
  const timeoutMs = typeof timeout === "string" ? (parseDuration(timeout) ?? undefined) : timeout;
  return {
    name,
    description,
    target: "agent" in role ? { agent: role.agent } : { capability: role.capability },
    ...(skill === undefined ? {} : { skill }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
};

/** Throws INVALID_ARGUMENT when there is nobody of that name. */
export const namedMember = (
  pattern: string,
  name: string,
  field: string,
  members: readonly Member[],
  wanted: string,
): Member => {
  const found = members.find((member) => member.name === wanted);
  if (found !== undefined) return found;
  throw invalidArgument(`${pattern} "${name}"`, [
    { field, description: `expected one of ${namesOf(members)}, got "${wanted}"` },
  ]);
};

export const namesOf = (members: readonly Member[]): string => members.map(({ name }) => name).join(", ") || "none";

import { invalidArgument } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/sdk";
import { z } from "zod";
import {
  type AnyPath,
  beginPattern,
  byName,
  checkOptions,
  IN_CODE,
  nameOfRole,
  type PatternOptions,
  perform,
  type Role,
  type RoleSchemas,
} from "../role.ts";

export interface ParallelOptions extends PatternOptions {
  /** 1 to 50, by name or as a list, then named as they are. All get the input. */
  readonly agents: readonly Role[] | Readonly<Record<string, Role>>;
  /**
   * object: outputs by name; list: in order; concat: their lists, one after the other; assign: their objects, the later over the earlier; first:
   * the output that came first. @default "object"
   */
  readonly merge?: "object" | "list" | "concat" | "assign" | "first" | undefined;
  /** ignore: one that fails is left out. @default "fail"; with `need` or merge first: "ignore" */
  readonly onFailure?: "fail" | "ignore" | undefined;
  /** Goes on as soon as so many have succeeded, and ends the others. @default all */
  readonly need?: number | undefined;
}

export const NAMED = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,59}$/, {
  error: "expected a name: letters, digits, hyphens and underscores, a letter first, at most 60",
});

export const parallelShape = ({ role }: RoleSchemas) => ({
  agents: z.union([z.array(role).min(1).max(50), z.record(NAMED, role)], {
    error: "expected 1 to 50 agents, as a list or by name",
  }),
  merge: z
    .enum(["object", "list", "concat", "assign", "first"], {
      error: "expected one of object, list, concat, assign, first",
    })
    .optional(),
  onFailure: z.enum(["fail", "ignore"], { error: "expected fail or ignore" }).optional(),
  need: z.int({ error: "expected 1 to the number of agents" }).min(1).optional(),
});

/** All at once. */
export const parallel = (options: ParallelOptions): AgentDefinition => {
  const { agents, merge, onFailure, need } = checkOptions("parallel", parallelShape(IN_CODE), options);
  const roles = namedRoles("parallel", options.name, "agents", agents);
  if (need !== undefined && need > roles.length)
    throw invalidArgument(`parallel "${options.name}"`, [
      { field: "need", description: `expected 1 to ${roles.length}, the number of agents` },
    ]);
  return beginPattern("parallel", options)
    .parallel("together", branchesOf(roles), {
      ...(merge === undefined ? {} : { merge: merge as "list" }),
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(need === undefined ? {} : { need }),
    })
    .build();
};

/** Throws INVALID_ARGUMENT where two have one name, or one that cannot stand for a node. */
export const namedRoles = <Each>(
  pattern: string,
  name: string,
  field: string,
  roles: readonly Each[] | Readonly<Record<string, Each>>,
  {
    most = 50,
    nameOf = nameOfRole as (each: Each) => string,
  }: { readonly most?: number; readonly nameOf?: (each: Each) => string } = {},
): readonly (readonly [string, Each])[] => {
  const all = byName(roles, nameOf);
  const refuse = (at: string, description: string) =>
    invalidArgument(`${pattern} "${name}"`, [{ field: at, description }]);
  if (all.length === 0 || all.length > most) throw refuse(field, `expected 1 to ${most}, got ${all.length}`);
  for (const [index, [each]] of all.entries()) {
    if (all.findIndex(([other]) => other === each) < index)
      throw refuse(`${field}[${index}]`, `two are named "${each}"; give them names: { "first": …, "second": … }`);
    if (!NAMED.safeParse(each).success)
      throw refuse(`${field}[${index}]`, `"${each}" cannot name a node; give it a name: { "name": … }`);
  }
  return all;
};

/** `prefix` keeps their nodes apart from those of the pattern itself. */
export const branchesOf = (
  roles: readonly (readonly [string, Role])[],
  given?: Parameters<typeof perform>[3],
  prefix = "",
) =>
  Object.fromEntries(
    roles.map(([name, role]) => [name, (path: AnyPath) => perform(path, `${prefix}${name}`, role, given)]),
  );

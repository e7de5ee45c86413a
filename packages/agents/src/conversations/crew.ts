import { invalidArgument } from "@agentcore/contract";
import {
  type AgentDefinition,
  agent,
  askFor,
  type Context,
  converse,
  opening,
  TerminalError,
  type Tool,
} from "@agentcore/sdk";
import { z } from "zod";
import { NAMED } from "../patterns/parallel.ts";
import { checkOptions, IN_CODE, type PatternOptions, type Role, type RoleSchemas, titled } from "../role.ts";
import { told } from "../strategies/check-strategy.ts";
import { memberOf } from "./members.ts";

interface CrewRoleBasics {
  /** `Senior researcher`. */
  readonly role: string;
  readonly goal: string;
  readonly backstory?: string | undefined;
}

/** Who has the role: an agent, or a model within the crew's own task. */
export type CrewRole = CrewRoleBasics &
  (
    | { readonly model: string; readonly tools?: readonly Tool[] | undefined; readonly maxTurns?: number | undefined }
    | { readonly agent: string }
    | { readonly capability: string }
  );

export interface CrewTask {
  /** Names it for others. */
  readonly name: string;
  readonly description: string;
  /** What a good output is, in words. */
  readonly expectedOutput: string;
  /** The role that does it. @default with a manager: whom that names; else it has to be said */
  readonly by?: string | undefined;
  /** Tasks whose outputs it needs. @default all before it */
  readonly needs?: readonly string[] | undefined;
}

export interface CrewOptions extends PatternOptions {
  /** 1 to 20, by name. */
  readonly roles: Readonly<Record<string, CrewRole>>;
  /** 1 to 50, in order. */
  readonly tasks: readonly CrewTask[];
  /**
   * hierarchical: the manager names who does a task that does not say it, and reviews each output against what is expected; one that does not suffice is
   * done again with what is wrong with it. @default "sequential"
   */
  readonly process?: "sequential" | "hierarchical" | undefined;
  /** Of a hierarchical crew: the model that manages. */
  readonly manager?: { readonly model: string; readonly instructions?: string | undefined } | undefined;
  /** How often a task is done again, 0 to 10; then it fails. @default 2 */
  readonly maxRevisions?: number | undefined;
}

const basics = {
  role: z.string().min(1).max(200),
  goal: z.string().min(1).max(4000),
  backstory: z.string().max(8000).optional(),
};
const A_ROLE = "expected { role, goal } with { model }, { agent } or { capability }";
const someone = z.string().min(1).max(256);

const roleShape = (withTools: boolean) =>
  z.union(
    [
      z.strictObject({
        ...basics,
        model: someone,
        maxTurns: z.int().min(1).max(100).optional(),
        ...(withTools
          ? {
              tools: z
                .array(z.custom<Tool>((tool) => typeof tool === "object"))
                .max(100)
                .optional(),
            }
          : {}),
      }),
      z.strictObject({ ...basics, agent: someone }),
      z.strictObject({ ...basics, capability: someone }),
    ],
    { error: A_ROLE },
  );

export const crewShape = (schemas: RoleSchemas) => ({
  roles: z.record(NAMED, roleShape(schemas === IN_CODE)),
  tasks: z
    .array(
      z.strictObject({
        name: NAMED,
        description: z.string().min(1).max(8000),
        expectedOutput: z.string().min(1).max(4000),
        by: z.string().optional(),
        needs: z.array(z.string()).max(50).optional(),
      }),
    )
    .min(1)
    .max(50),
  process: z.enum(["sequential", "hierarchical"], { error: "expected sequential or hierarchical" }).optional(),
  manager: z.strictObject({ model: someone, instructions: z.string().optional() }).optional(),
  maxRevisions: z.int().min(0).max(10).optional(),
});

interface Done {
  readonly task: string;
  readonly by: string;
  readonly output: unknown;
}

export interface CrewResult {
  readonly output: unknown;
  readonly results: readonly Done[];
}

/** Roles with goals do tasks with expected outputs, one after the other. Fails when a task does not come to what is expected. */
export const crew = (options: CrewOptions): AgentDefinition => {
  const given = checkOptions("crew", crewShape(IN_CODE), options) as CrewOptions;
  checkCrew(given);
  return agent({
    ...titled("crew", options),
    run: async ({ input }, ctx) => {
      const results: Done[] = [];
      for (const task of given.tasks) results.push(await doTask(ctx, given, task, input, results));
      return { output: results.at(-1)?.output, results };
    },
  }) as AgentDefinition;
};

const checkCrew = ({ name, roles, tasks, process, manager }: CrewOptions): void => {
  const refuse = (field: string, description: string): never => {
    throw invalidArgument(`crew "${name}"`, [{ field, description }]);
  };
  const known = Object.keys(roles);
  if (known.length === 0 || known.length > 20) refuse("roles", `expected 1 to 20, got ${known.length}`);
  if ((process === "hierarchical") !== (manager !== undefined))
    refuse("manager", "expected a manager of a hierarchical crew, and of no other");
  tasks.forEach((task, index) => {
    const before = tasks.slice(0, index).map((each) => each.name);
    if (before.includes(task.name)) refuse(`tasks[${index}].name`, `an earlier task is named "${task.name}"`);
    if (task.by === undefined ? manager === undefined : !known.includes(task.by))
      refuse(`tasks[${index}].by`, `expected one of ${known.join(", ")}`);
    for (const need of task.needs ?? [])
      if (!before.includes(need)) refuse(`tasks[${index}].needs`, `expected earlier tasks, got "${need}"`);
  });
};

const doTask = async (
  ctx: Context,
  options: CrewOptions,
  task: CrewTask,
  input: unknown,
  results: readonly Done[],
): Promise<Done> => {
  const { roles, manager, maxRevisions = 2 } = options;
  const before = results
    .filter(({ task: name }) => task.needs?.includes(name) ?? true)
    .map(({ output, ...rest }) => ({ ...rest, output: told(textOf(output)) }));
  const by = task.by ?? (await assign(ctx, options, task, input));
  const role = roles[by] as CrewRole;
  for (let revision = 0, feedback: string | undefined; ; revision += 1) {
    const given = { input, task: task.description, expectedOutput: task.expectedOutput, before, feedback };
    const output = await perform(ctx, role, by, task.name, given);
    if (manager === undefined) return { task: task.name, by, output };
    const review = await reviewed(ctx, manager, given, output);
    const choice = ctx.decide(`review of ${task.name}`, () => ({
      choice: review.accepted
        ? ("accepted" as const)
        : revision < maxRevisions
          ? ("again" as const)
          : ("failed" as const),
      reasons: review.feedback === undefined ? [] : [review.feedback],
    }));
    if (choice === "accepted") return { task: task.name, by, output };
    feedback = review.feedback ?? "it is not what is expected";
    if (choice === "failed")
      throw new TerminalError(
        `task "${task.name}" was not what is expected after ${maxRevisions} revisions: ${feedback}`,
      );
  }
};

const textOf = (output: unknown): string => (typeof output === "string" ? output : (JSON.stringify(output) ?? ""));

const perform = async (
  ctx: Context,
  role: CrewRole,
  name: string,
  taskName: string,
  given: Readonly<Record<string, unknown>>,
): Promise<unknown> => {
  const { role: title, goal, backstory } = role;
  if (!("model" in role)) {
    const { target } = memberOf(name, role as Role);
    return ctx.command(target, { role: title, goal, backstory, ...given }, { key: taskName });
  }
  const { model, tools = [], maxTurns = 10 } = role;
  const instructions = [`You are ${title}. Your goal: ${goal}`, ...(backstory === undefined ? [] : [backstory])].join(
    "\n\n",
  );
  const messages = opening({ instructions, tools }, JSON.stringify(given));
  return converse(ctx, messages, { model, tools, maxTurns, key: taskName });
};

const Assigned = z.object({ by: z.string(), reason: z.string().optional() });

/** Who does it, as the manager says. */
const assign = async (ctx: Context, { roles, manager, name }: CrewOptions, task: CrewTask, input: unknown) => {
  if (manager === undefined) throw new TerminalError(`crew "${name}": task "${task.name}" names nobody`);
  const candidates = Object.entries(roles).map(([each, { role, goal }]) => ({ name: each, role, goal }));
  const Named = Assigned.refine(({ by }) => Object.hasOwn(roles, by), {
    error: `expected one of ${Object.keys(roles).join(", ")}`,
    path: ["by"],
  });
  const rule = 'You manage a crew. Say who does the task, as JSON { "by": name, "reason": text }.';
  const text = JSON.stringify({ input, task: task.description, expectedOutput: task.expectedOutput, candidates });
  const { by, reason } = await askFor(
    ctx,
    opening({ instructions: manager.instructions, tools: [] }, text, { rules: [rule] }),
    Named,
    { name: "assignment", model: manager.model, key: task.name },
  );
  return ctx.decide(`assignment of ${task.name}`, () => ({
    choice: by,
    reasons: reason === undefined ? [] : [reason],
  }));
};

const Review = z.object({ accepted: z.boolean(), feedback: z.string().optional() });

const reviewed = (
  ctx: Context,
  { model, instructions }: NonNullable<CrewOptions["manager"]>,
  given: Readonly<Record<string, unknown>>,
  output: unknown,
) => {
  const rule =
    'You review the work of your crew against what is expected of it, strictly. Answer with JSON { "accepted": true or false, "feedback": what has to be better }.';
  const messages = opening({ instructions, tools: [] }, JSON.stringify({ ...given, output }), { rules: [rule] });
  return askFor(ctx, messages, Review, { name: "review", model });
};

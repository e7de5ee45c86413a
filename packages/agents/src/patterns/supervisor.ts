import { invalidArgument } from "@agentcore/contract";
import { type AgentDefinition, expression, template } from "@agentcore/sdk";
import { z } from "zod";
import {
  type AnyPath,
  beginPattern,
  checkOptions,
  descriptionOf,
  IN_CODE,
  literal,
  nameOfRole,
  type PatternOptions,
  type Performer,
  perform,
  type Role,
  type RoleSchemas,
  verbatim,
} from "../role.ts";
import { namedRoles } from "./parallel.ts";

/** One that divides work, those who do it, and one that makes one result of it. */
export interface Team {
  readonly description?: string | undefined;
  /**
   * Divides the work: gets `{ input, workers: [{ name, description }], maxParts }` and gives a list of parts, or `{ parts }`. A part is
   * `{ input, worker? }`; one that names no worker goes to the next in turn.
   */
  readonly decompose: Performer;
  /** 1 to 50, by name or as a list, then named as they are. */
  readonly workers: readonly Role[] | Readonly<Record<string, Role | Team>>;
  /** Makes one result: gets `{ input, parts, results }`, both lists in one order. @default none: the output is the list of results */
  readonly synthesise?: Performer | undefined;
  /** Parts at most; more fail it. 1 to 1000. @default 20 */
  readonly maxParts?: number | undefined;
  /** Parts at once. 1 to 100. @default 5 */
  readonly concurrency?: number | undefined;
  /** ignore: null stands in the place of what failed. @default "fail" */
  readonly onFailure?: "fail" | "ignore" | undefined;
}

export interface SupervisorOptions extends PatternOptions, Omit<Team, "workers" | "description"> {
  readonly workers: readonly Role[] | Readonly<Record<string, Role>>;
}
export interface HierarchicalOptions extends PatternOptions, Omit<Team, "description"> {}

const MAX_WORKERS = 50;
// They stand in conditions and messages of the graph, which have their length.
const MAX_NAMES_TEXT = 1500;
// With the one at the top. Each has a part of the one above as its input.
const MAX_DEPTH = 4;
// Of all teams together: nodes of a graph are bounded.
const MAX_ALL_WORKERS = 200;

const teamShape = ({ performer }: RoleSchemas) => ({
  decompose: performer,
  synthesise: performer.optional(),
  maxParts: z.int().min(1).max(1000).optional(),
  concurrency: z.int().min(1).max(100).optional(),
  onFailure: z.enum(["fail", "ignore"], { error: "expected fail or ignore" }).optional(),
});

export const supervisorShape = (schemas: RoleSchemas) => ({
  ...teamShape(schemas),
  workers: z.union([z.array(schemas.role), z.record(z.string(), schemas.role)], {
    error: "expected agents, as a list or by name",
  }),
});

export const hierarchicalShape = (schemas: RoleSchemas) => {
  const team: z.ZodType = z.lazy(() =>
    z.strictObject({ description: z.string().max(4096).optional(), ...teamShape(schemas), workers }),
  );
  const workers: z.ZodType = z.lazy(() =>
    z.union(
      [
        z.array(schemas.role),
        z.record(
          z.string(),
          z.union([schemas.role, team], { error: "expected an agent, or a team: { decompose, workers, synthesise }" }),
        ),
      ],
      {
        error: "expected agents, as a list or by name, or teams by name",
      },
    ),
  );
  return { ...teamShape(schemas), workers };
};

/** Divides the work, has its parts done by the workers they are for, and makes one result of what comes back. */
export const supervisor = (options: SupervisorOptions): AgentDefinition => {
  checkOptions("supervisor", supervisorShape(IN_CODE), options);
  return supervise(beginPattern("supervisor", options), options, { pattern: "supervisor", name: options.name });
};

/** Supervisors of supervisors: a worker may be a team that divides its part again. Teams stand in one another at most 4 deep. */
export const hierarchical = (options: HierarchicalOptions): AgentDefinition => {
  checkOptions("hierarchical", hierarchicalShape(IN_CODE), options);
  const { depth, workers } = measure(options);
  const refuse = (description: string) =>
    invalidArgument(`hierarchical "${options.name}"`, [{ field: "workers", description }]);
  if (depth > MAX_DEPTH) throw refuse(`teams stand ${depth} deep in one another, ${MAX_DEPTH} are allowed`);
  if (workers > MAX_ALL_WORKERS) throw refuse(`${workers} workers in all, ${MAX_ALL_WORKERS} are allowed`);
  return supervise(beginPattern("hierarchical", options), options, { pattern: "hierarchical", name: options.name });
};

interface Whole {
  readonly pattern: string;
  readonly name: string;
}

const supervise = (path: AnyPath, team: Team, whole: Whole): AgentDefinition =>
  runTeam(path, team, { ...whole, prefix: "", field: "", input: "input" }).build();

interface Place extends Whole {
  /** Before the names of its nodes. */
  readonly prefix: string;
  readonly field: string;
  /** Its input, in CEL. */
  readonly input: string;
}

const isTeam = (worker: Role | Team): worker is Team => "workers" in worker;

const measure = ({ workers }: Pick<Team, "workers">): { readonly depth: number; readonly workers: number } => {
  const all = Object.values(workers) as readonly (Role | Team)[];
  const below = all.filter(isTeam).map(measure);
  return {
    depth: 1 + Math.max(0, ...below.map(({ depth }) => depth)),
    workers: all.length + below.reduce((sum, each) => sum + each.workers, 0),
  };
};

const runTeam = (path: AnyPath, team: Team, { pattern, name, prefix, field, input }: Place): AnyPath => {
  const { decompose, synthesise, maxParts = 20, concurrency = 5, onFailure } = team;
  const workers = namedRoles<Role | Team>(pattern, name, `${field}workers`, team.workers, {
    most: MAX_WORKERS,
    nameOf: (each) => nameOfRole(each as Role),
  });
  const names = literal(workers.map(([each]) => each));
  if (names.length > MAX_NAMES_TEXT)
    throw invalidArgument(`${pattern} "${name}"`, [
      {
        field: `${field}workers`,
        description: `their names have ${names.length} characters together, ${MAX_NAMES_TEXT} are allowed`,
      },
    ]);
  const id = (local: string): string => `${prefix}${local}`;
  const divided = `nodes[${literal(id("decompose"))}]`;
  const parts = `(type(${divided}) == list ? ${divided} : ${divided}.parts)`;
  const chosen = `item.?worker.orValue(${names}[int(index) % ${workers.length}])`;
  const described = workers.map(([each, worker]) => ({
    name: each,
    description: verbatim(isTeam(worker) ? (worker.description ?? "") : descriptionOf(worker)),
  }));
  const start = perform(
    path,
    id("decompose"),
    decompose,
    template({ input: `\${${input}}`, workers: described, maxParts }),
  );
  const checked = start.decide(id("check"), [
    {
      when: `type(${divided}) != list && (type(${divided}) != map || type(${divided}.?parts.orValue(null)) != list)`,
      do: (way: AnyPath) =>
        way.fail(id("noParts"), `expected a list of parts, or { parts }, of whoever divides the work`),
    },
    {
      when: `size(${parts}) > ${maxParts}`,
      do: (way: AnyPath) =>
        way.fail(id("tooMany"), `the work was divided into \${size(${parts})} parts, ${maxParts} are allowed`),
    },
    {
      when: `${parts}.exists(part, type(part) != map || !has(part.input))`,
      do: (way: AnyPath) => way.fail(id("wrongPart"), "expected parts of the form { input, worker }"),
    },
    {
      when: `${parts}.exists(part, has(part.worker) && !(part.worker in ${names}))`,
      do: (way: AnyPath) =>
        way.fail(
          id("nobody"),
          `parts are for \${${parts}.filter(part, has(part.worker) && !(part.worker in ${names})).map(part, part.worker)}, who are no workers; expected ${workers.map(([each]) => each).join(", ")}`,
        ),
    },
  ]) as AnyPath;
  const done = checked.map(
    id("parts"),
    expression<readonly unknown[]>(parts),
    (each: AnyPath) =>
      each.decide(
        id("assign"),
        workers.map(([worker, performer], index) => ({
          when: `${chosen} == ${literal(worker)}`,
          do: (way: AnyPath) =>
            isTeam(performer)
              ? runTeam(way, performer, {
                  pattern,
                  name,
                  prefix: `${id(`team${index + 1}`)}-`,
                  field: `${field}workers.${worker}.`,
                  input: "item.input",
                })
              : perform(way, id(`worker${index + 1}`), performer, expression("item.input")),
        })),
        (way: AnyPath) => way.fail(id("unassigned"), "the part is for nobody"),
      ) as AnyPath,
    { concurrency, ...(onFailure === undefined ? {} : { onFailure }) },
  ) as AnyPath;
  if (synthesise === undefined) return done;
  return perform(
    done,
    id("synthesise"),
    synthesise,
    template({ input: `\${${input}}`, parts: `\${${parts}}`, results: `\${nodes[${literal(id("parts"))}]}` }),
  );
};

/** Who plays a part in a pattern, and how a part becomes a node. */
import { parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  type StepContext,
  template,
  type WorkflowPath,
  type Written,
  workflow,
} from "@agentcore/sdk";
import { z } from "zod";

// oxlint-disable-next-line typescript/no-explicit-any -- whatever it takes and gives: patterns hand on what came before
export type AnyAgent = AgentDefinition<any, any>;

interface RoleOptions {
  /** What it is good at, for whoever divides the work. */
  readonly description?: string | undefined;
  readonly skill?: string | undefined;
  /** `90s`, `15m`, or milliseconds. */
  readonly timeout?: string | number | undefined;
  /** What it gets, as a template (docs/expressions.md). @default what the pattern says */
  readonly input?: unknown;
}

/** An agent at hand, or one that is found by its name or by what it can do. */
export type Role = AnyAgent | (RoleOptions & ({ readonly agent: string } | { readonly capability: string }));

/** A role, or a function that runs as one step. */
export type Performer = Role | ((input: never, step: StepContext) => unknown);

export interface PatternOptions {
  /** RFC 1123 label: lower-case letters, digits and hyphens, at most 63. */
  readonly name: string;
  readonly description?: string | undefined;
  /** @default "0.1.0" */
  readonly version?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds from submission. @default none */
  readonly timeoutMs?: number | undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a pattern is put together of parts that are known as it runs
export type AnyPath = WorkflowPath<any, any, any>;

const isAgent = (value: unknown): value is AnyAgent =>
  typeof value === "object" && value !== null && "skills" in value && "name" in value;

const WHO = "expected { agent } or { capability }, with skill, timeout, input and description as wanted";
const described = {
  description: z.string().max(4096).optional(),
  skill: z.string().min(1).max(256).optional(),
  timeout: z
    .union([z.string().regex(/^\d+(ms|s|m|h|d)$/), z.int().min(1)], {
      error: "expected a length of time such as 90s or 15m, or milliseconds",
    })
    .optional(),
  input: z.unknown().optional(),
};

/** As JSON has it. */
export const DeclaredRole = z.union(
  [
    z.strictObject({ agent: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/), ...described }),
    z.strictObject({ capability: z.string().min(1).max(256), ...described }),
  ],
  { error: WHO },
);

const RoleSchema = z.union([z.custom<AnyAgent>(isAgent), DeclaredRole], { error: `${WHO}, or an agent` });
const PerformerSchema = z.union([RoleSchema, z.custom<() => unknown>((value) => typeof value === "function")], {
  error: `${WHO}, an agent, or a function`,
});

/** What may stand where a pattern asks for somebody: in code, or in JSON. */
export interface RoleSchemas {
  readonly role: z.ZodType;
  readonly performer: z.ZodType;
}
export const IN_CODE: RoleSchemas = { role: RoleSchema, performer: PerformerSchema };
export const IN_JSON: RoleSchemas = { role: DeclaredRole, performer: DeclaredRole };

const named = {
  name: z.string(),
  description: z.string().optional(),
  version: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  timeoutMs: z.number().positive().optional(),
};

/** Throws INVALID_ARGUMENT with every option that is wrong. */
export const checkOptions = <Options extends PatternOptions>(
  pattern: string,
  shape: Readonly<Record<string, z.ZodType>>,
  options: Options,
): Required<Options> =>
  parseInput(z.strictObject({ ...named, ...shape }), options, `${pattern} "${String(options?.name)}"`) as never;

/** What all patterns take alike, as `agent()` and `workflow()` take it. */
export const titled = (pattern: string, { name, description, version, labels, timeoutMs }: PatternOptions) => ({
  name,
  description: description ?? `${pattern}: ${name}`,
  ...(version === undefined ? {} : { version }),
  ...(labels === undefined ? {} : { labels }),
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

export const beginPattern = (pattern: string, options: PatternOptions): AnyPath => workflow(titled(pattern, options));

/** A node for whoever it is. `given` is what they get where they do not say it themselves. */
export const perform = (path: AnyPath, id: string, performer: Performer, given?: Written<unknown>): AnyPath => {
  const input = given === undefined ? {} : { input: given };
  if (typeof performer === "function") return path.step(id, performer as never, input) as AnyPath;
  if (isAgent(performer)) return path.then(performer, { as: id, ...input }) as AnyPath;
  const { skill, timeout } = performer;
  return path.then(targetOf(performer), {
    as: id,
    ...(performer.input === undefined ? input : { input: template(performer.input) }),
    ...(skill === undefined ? {} : { skill }),
    ...(timeout === undefined ? {} : { timeout }),
  }) as AnyPath;
};

const targetOf = (role: Exclude<Role, AnyAgent>): { agent: string } | { capability: string } =>
  "agent" in role ? { agent: role.agent } : { capability: role.capability };

/** How it is called where nobody named it. */
export const nameOfRole = (role: Role): string => {
  if (isAgent(role)) return role.name;
  return "agent" in role ? role.agent : role.capability;
};

/** By name: as they are given, or after who they are. */
export const byName = <Each>(
  roles: readonly Each[] | Readonly<Record<string, Each>>,
  nameOf: (each: Each) => string,
): readonly (readonly [string, Each])[] =>
  Array.isArray(roles)
    ? (roles as readonly Each[]).map((each) => [nameOf(each), each] as const)
    : Object.entries(roles as Readonly<Record<string, Each>>);

export const descriptionOf = (role: Role): string => role.description ?? "";

/** A value of JSON as CEL writes it; of texts, numbers, lists and maps of these. */
export const literal = (value: unknown): string => JSON.stringify(value);

/** A text that stands in a template as it is. */
export const verbatim = (text: string): string => text.replaceAll("${", () => "$${");

import { SYSTEM_SKILLS } from "@agentcore/contract/target";
import type { AgentOptions } from "./agent.ts";
import { authorMistake, describe } from "./author-mistake.ts";
import type { AgentContext } from "./context/agent-context.ts";
import { isSchema } from "./schema.ts";

// The same rule as the contract's NAME_PATTERN; repeated, because that module loads zod.
export const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

type Field = keyof AgentOptions;
/** Authors of plain JavaScript have no types to keep them right. */
type Unchecked = Readonly<Partial<Record<Field, unknown>>>;
type Complain = (field: string, expected: string) => never;

const FIELDS: Readonly<Record<Field, true>> = {
  name: true,
  description: true,
  version: true,
  skills: true,
  labels: true,
  profile: true,
  input: true,
  output: true,
  tools: true,
  guardrails: true,
  model: true,
  instructions: true,
  strategy: true,
  context: true,
  idempotent: true,
  timeoutMs: true,
  compensates: true,
  concurrency: true,
  subscribes: true,
  run: true,
  answer: true,
  workflow: true,
};

/** Throws INVALID_ARGUMENT on the first mistake. */
export const checkAgent = (options: Unchecked): void => {
  const { name } = options;
  const what = `agent ${typeof name === "string" && name !== "" ? `"${name}"` : "without a name"}`;
  const complain: Complain = (field, expected) => {
    throw authorMistake(what, field, expected);
  };
  if (typeof name !== "string" || !NAME_PATTERN.test(name)) {
    complain("name", `expected lower-case letters, digits and hyphens, at most 63, got ${describe(name)}`);
  }
  if (isBlank(options.description)) complain("description", "expected some words on what the agent does");
  for (const field of Object.keys(options)) {
    if (!Object.hasOwn(FIELDS, field)) {
      complain(field, `unknown field; expected one of ${Object.keys(FIELDS).join(", ")}`);
    }
  }
  const { run, model, strategy, answer, workflow } = options;
  if ([run, model, strategy, answer, workflow].every((way) => way === undefined)) {
    complain("run", "expected at least one of run, model, strategy, answer, workflow");
  }
  if (strategy !== undefined && (run !== undefined || workflow !== undefined)) {
    complain("strategy", `says nothing beside ${run === undefined ? "workflow" : "run"}: leave one of them out`);
  }
  checkKinds(options, complain);
  checkSkills(options.skills, complain);
  checkTools(options, complain);
  checkGuardrails(options, complain);
};

const isBlank = (value: unknown): boolean => typeof value !== "string" || value.trim() === "";
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;

const CONTEXT: Readonly<Record<keyof AgentContext, (value: unknown) => boolean>> = {
  maxTokens: isCount,
  history: (value) => isRecord(value) && isCount(value["maxTokens"]),
  recall: (value) => isRecord(value),
  pinned: (value) => Array.isArray(value) && !value.some(isBlank),
  summarise: (value) => typeof value === "boolean",
};
const isContext = (value: unknown): boolean =>
  isRecord(value) &&
  Object.entries(value).every(
    ([name, part]) => part === undefined || (Object.hasOwn(CONTEXT, name) && CONTEXT[name as keyof AgentContext](part)),
  );

const isLatency = (value: unknown): boolean => {
  if (!isRecord(value)) return false;
  const { from, to } = value;
  return typeof from === "number" && typeof to === "number" && from >= 0 && from <= to && Number.isFinite(to);
};
const isProfile = (value: unknown): boolean =>
  isRecord(value) &&
  Object.keys(value).every((name) => name === "latencyMs" || name === "doesNot") &&
  (value["latencyMs"] === undefined || isLatency(value["latencyMs"])) &&
  (value["doesNot"] === undefined || (Array.isArray(value["doesNot"]) && !value["doesNot"].some(isBlank)));

const KINDS: readonly (readonly [Field, string, (value: unknown) => boolean])[] = [
  ["concurrency", '"context"', (value) => value === "context"],
  ["run", "a function", (value) => typeof value === "function"],
  ["answer", "a function", (value) => typeof value === "function"],
  ["strategy", "a strategy, such as react()", (value) => typeof value === "function"],
  ["context", "an object of maxTokens, history, recall, pinned, summarise", isContext],
  ["version", "some text", (value) => !isBlank(value)],
  ["model", "some text", (value) => !isBlank(value)],
  ["instructions", "some text", (value) => !isBlank(value)],
  ["input", "a Standard Schema (zod, valibot, arktype …)", isSchema],
  ["output", "a Standard Schema (zod, valibot, arktype …)", isSchema],
  ["timeoutMs", "a whole number above 0", isCount],
  ["idempotent", "true or false", (value) => typeof value === "boolean"],
  ["compensates", "true or false", (value) => typeof value === "boolean"],
  ["labels", "an object of strings", (value) => isRecord(value) && Object.values(value).every(isString)],
  ["profile", "{ latencyMs: { from, to }, doesNot: [words] }", isProfile],
  ["subscribes", "a list of event types", (value) => Array.isArray(value) && !value.some(isBlank)],
];

const isString = (value: unknown): boolean => typeof value === "string";
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const checkKinds = (options: Unchecked, complain: Complain): void => {
  for (const [field, expected, fits] of KINDS) {
    const value = options[field];
    if (value !== undefined && !fits(value)) complain(field, `expected ${expected}, got ${describe(value)}`);
  }
};

const checkSkills = (skills: unknown, complain: Complain): void => {
  if (skills === undefined) return;
  if (!Array.isArray(skills) || skills.length === 0) {
    return complain("skills", "expected a list of at least one skill; leave it out for one named as the agent");
  }
  const seen = new Set<unknown>();
  for (const [index, skill] of skills.entries()) {
    const id: unknown = isRecord(skill) ? skill["id"] : undefined;
    const field = `skills[${index}].id`;
    if (isBlank(id)) complain(field, `expected an id, got ${describe(id)}`);
    else if (String(id).startsWith(SYSTEM_SKILLS))
      complain(field, `expected another id than ${describe(id)}: those with ${SYSTEM_SKILLS} are the platform's own`);
    if (seen.has(id)) complain(field, `expected a new id, ${describe(id)} is an earlier skill's already`);
    seen.add(id);
  }
};

const checkGuardrails = ({ guardrails }: Unchecked, complain: Complain): void => {
  if (guardrails === undefined) return;
  if (!Array.isArray(guardrails)) return complain("guardrails", `expected a list, got ${describe(guardrails)}`);
  const seen = new Set<unknown>();
  for (const [index, guard] of guardrails.entries()) {
    const field = `guardrails[${index}]`;
    const name: unknown = isRecord(guard) ? guard["name"] : undefined;
    if (isBlank(name)) return complain(field, "expected a guardrail made by guardrail()");
    if (seen.has(name)) complain(field, `expected a new name, ${describe(name)} is an earlier guardrail's already`);
    seen.add(name);
  }
};

const checkTools = ({ tools, model, run }: Unchecked, complain: Complain): void => {
  if (tools === undefined) return;
  if (!Array.isArray(tools)) return complain("tools", `expected a list of tools, got ${describe(tools)}`);
  const seen = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const field = `tools[${index}]`;
    const declared: unknown = isRecord(tool) ? tool["declared"] : undefined;
    if (declared !== undefined) {
      if (typeof declared !== "string" || !NAME_PATTERN.test(declared))
        return complain(field, "expected tools made by declaredTools()");
      if (seen.has(`${declared}__`))
        complain(field, `expected other tools, declaredTools("${declared}") stands there already`);
      seen.add(`${declared}__`);
      continue;
    }
    const { name, inputJsonSchema, execute, input } = isRecord(tool) ? tool : {};
    if (typeof name !== "string" || typeof execute !== "function" || !isRecord(inputJsonSchema) || !isSchema(input)) {
      return complain(field, "expected a tool made by tool(), or declaredTools()");
    }
    if (seen.has(name)) complain(field, `expected a new name, "${name}" is an earlier tool's already`);
    seen.add(name);
    // Only models need named arguments; code may call a tool with anything its schema takes.
    if (model !== undefined && run === undefined && inputJsonSchema["type"] !== "object") {
      complain(field, `expected an object as input of "${name}": models call tools with named arguments`);
    }
  }
};

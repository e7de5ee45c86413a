/** What all standard agents have in common: a card, how fast they are, what they do not do, and options that are checked. */
import { parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  type AgentOptions,
  agent,
  type DeclaredTools,
  type SkillOptions,
  type Tool,
} from "@agentcore/sdk";
import { z } from "zod";

/** What every standard agent may be told besides its own options. */
export interface StandardBasics {
  /** @default the kind's own, for example `intent-parser` */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** In place of the kind's own. */
  readonly skills?: readonly SkillOptions[] | undefined;
}

/** An event that begins its work, as `spec.triggers` has it. */
export interface StandardTrigger {
  readonly topic: string;
  /** Events of one value go to one task, while that is open. */
  readonly correlate?: string | undefined;
}

/** What it may be given beside its options: named in the manifest by fields that every agent has. */
export type StandardNeed = "never" | "optional" | "required";

type Shape = Readonly<Record<string, z.ZodType>>;

/** A kind of standard agent, before it has options. */
export interface StandardKind<S extends Shape = Shape> {
  /** As manifests name it. */
  readonly name: string;
  readonly description: string;
  readonly latencyMs: { readonly from: number; readonly to: number };
  readonly doesNot: readonly string[];
  readonly skills: readonly SkillOptions[];
  /** Of its options, as JSON. */
  readonly shape: S;
  readonly model: StandardNeed;
  readonly tools: StandardNeed;
  /** Durable events that it takes, by its options. @default none */
  triggers?(options: z.output<z.ZodObject<S>>): readonly StandardTrigger[];
  /** Options, and what a task of it is then given. */
  readonly example: { readonly options: unknown; readonly input: unknown };
}

const basics = {
  name: z.string().optional(),
  description: z.string().min(1).optional(),
  skills: z.array(z.custom<SkillOptions>()).optional(),
};
const model = z.string().min(1).max(256).optional();
const tools = z.array(z.custom<Tool | DeclaredTools>()).max(50).optional();

export type StandardOptions<S extends Shape> = z.input<z.ZodObject<S>> &
  StandardBasics & { readonly model?: string | undefined; readonly tools?: readonly (Tool | DeclaredTools)[] };

type Checked<S extends Shape> = z.output<z.ZodObject<S>> & {
  readonly model?: string | undefined;
  readonly tools?: readonly (Tool | DeclaredTools)[] | undefined;
};

/** Throws INVALID_ARGUMENT with every option that is wrong. What was left out has its default. */
export const checkStandard = <S extends Shape>(
  kind: StandardKind<S>,
  options: unknown,
): Checked<S> & StandardBasics => {
  const shape = {
    ...basics,
    ...kind.shape,
    ...(kind.model === "never" ? {} : { model: kind.model === "required" ? model.unwrap() : model }),
    ...(kind.tools === "never" ? {} : { tools: kind.tools === "required" ? tools.unwrap().min(1) : tools }),
  };
  return parseInput(z.strictObject(shape), options, `the options of standard agent "${kind.name}"`) as never;
};

type Work<Input, Output> = Pick<
  AgentOptions<Input, Output>,
  "answer" | "concurrency" | "idempotent" | "input" | "run" | "subscribes" | "tools"
>;

// As of the standard agent that is a model and nothing else.
const MODEL_MS = 30_000;

/** The agent that does `work`, with the card of its kind. */
export const standardAgent = <Input, Output>(
  kind: Pick<StandardKind, "name" | "description" | "skills" | "latencyMs" | "doesNot">,
  { name = kind.name, description = kind.description, skills = kind.skills }: StandardBasics,
  work: Work<Input, Output>,
  /** Of what it is asked a part, or all, goes to a model. @default false */
  { asksModel = false }: { readonly asksModel?: boolean } = {},
): AgentDefinition => {
  const { doesNot } = kind;
  const latencyMs = asksModel ? { from: kind.latencyMs.from, to: MODEL_MS } : kind.latencyMs;
  const made = agent({ name, description, skills, profile: { latencyMs, doesNot }, idempotent: true, ...work });
  // Each of its own input; a host knows them by their schemas.
  return made as AgentDefinition;
};

import type {
  AgentDefinition,
  AgentSkill,
  Context,
  QueryContext,
  QueryInput,
  Schema,
  TaskInput,
  Tool,
} from "@agentcore/contract/authoring";
import { checkAgent } from "./check-agent.ts";
import { toolLoop } from "./tool-loop.ts";

/** A skill as an author writes it. */
export interface SkillOptions extends Partial<Omit<AgentSkill, "id">> {
  /** Unique within the agent; what `{ capability }` targets name. */
  readonly id: string;
}

export interface AgentOptions<Input, Output, Result extends Output> {
  /** RFC 1123 label: lower-case letters, digits and hyphens, at most 63. */
  readonly name: string;
  readonly description: string;
  /** @default "0.1.0" */
  readonly version?: string;
  /** Name, description and tags of a skill default to its id, the agent's description and none. @default one skill named as the agent */
  readonly skills?: readonly SkillOptions[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Types `task.input`; a task whose input does not fit is refused before it is accepted. */
  readonly input?: Schema<Input>;
  /** Types what `run` returns; a result that does not fit fails the task with OUTPUT_MISMATCH. */
  readonly output?: Schema<Output>;
  readonly tools?: readonly Tool[];
  /** `provider/model` or the name of a Model manifest. */
  readonly model?: string;
  readonly instructions?: string;
  /** Model calls of the tool loop, used when there is a model and no `run`. @default 10 */
  readonly maxTurns?: number;
  /** True when doing the same task twice does no harm. @default false */
  readonly idempotent?: boolean;
  /** Milliseconds from submission. @default none */
  readonly timeoutMs?: number;
  /** Event types whose durable events start a task. */
  readonly subscribes?: readonly string[];
  readonly run?: (task: TaskInput<Input>, ctx: Context) => Promise<Result> | Result;
  /** Answers queries; must change nothing. */
  readonly answer?: (query: QueryInput, ctx: QueryContext) => Promise<unknown> | unknown;
}

/** The output schema's type when there is one, else what `run` returns. */
type OutputOf<Output, Result> = unknown extends Output ? Result : Output;

/**
 * Defines an agent; the definition is frozen. With a model and no `run`, `run` is the plain `toolLoop`. Throws
 * INVALID_ARGUMENT with agent, field and what was expected for a definition that could not work.
 */
// `Result` apart from `Output`, so that a schema alone decides the type and `run` is held against it, not merged with it.
export const agent = <Input = unknown, Output = unknown, Result extends Output = Output>(
  options: AgentOptions<Input, Output, Result>,
): AgentDefinition<Input, OutputOf<Output, Result>> => {
  checkAgent(options);
  const { maxTurns: _, run, ...rest } = options;
  const definition = {
    ...rest,
    version: options.version ?? "0.1.0",
    labels: Object.freeze({ ...options.labels }),
    skills: Object.freeze(skillsOf(options)),
    tools: Object.freeze([...(options.tools ?? [])]),
    idempotent: options.idempotent ?? false,
    subscribes: Object.freeze([...(options.subscribes ?? [])]),
    run: run ?? (options.model === undefined ? undefined : toolLoop(options)),
  };
  // The compiler cannot see that OutputOf picks the type that `output` and `run` were both held against.
  return Object.freeze(definition) as unknown as AgentDefinition<Input, OutputOf<Output, Result>>;
};

const skillsOf = (options: {
  readonly name: string;
  readonly description: string;
  readonly skills?: readonly SkillOptions[];
}): AgentSkill[] =>
  (options.skills ?? [{ id: options.name }]).map((skill) =>
    Object.freeze({
      ...skill,
      name: skill.name ?? skill.id,
      description: skill.description ?? options.description,
      tags: skill.tags ?? [],
    }),
  );

import type {
  AgentDefinition,
  AgentProfile,
  AgentSkill,
  Context,
  DeclaredTools,
  Guardrail,
  QueryContext,
  QueryInput,
  Schema,
  Strategy,
  TaskInput,
  Tool,
  WorkflowDefinition,
} from "@agentcore/contract/authoring";
import { checkAgent } from "./check-agent.ts";
import { type AgentContext, withAgentContext } from "./context/agent-context.ts";
import { isTool, toolsOf } from "./declared-tools.ts";
import { react } from "./strategy/react.ts";

/** A skill as an author writes it. */
export interface SkillOptions extends Partial<Omit<AgentSkill, "id">> {
  /** Unique within the agent; what `{ capability }` targets name. */
  readonly id: string;
}

interface AgentBasics<Input> {
  /** RFC 1123 label: lower-case letters, digits and hyphens, at most 63. */
  readonly name: string;
  readonly description: string;
  /** @default "0.1.0" */
  readonly version?: string;
  /** Name, description and tags of a skill default to its id, the agent's description and none. @default one skill named as the agent */
  readonly skills?: readonly SkillOptions[];
  readonly labels?: Readonly<Record<string, string>>;
  /** How fast it answers, and what it does not do: on its card, and what routing goes by until it was measured. @default nothing is promised */
  readonly profile?: AgentProfile;
  /** Types `task.input`; a task whose input does not fit is refused before it is accepted. */
  readonly input?: Schema<Input>;
  /** Made by `tool()`; those of a Tool manifest by `declaredTools()`. */
  readonly tools?: readonly (Tool | DeclaredTools)[];
  /** Around the code and its tools, in this order, made by `guardrail()`. @default none */
  readonly guardrails?: readonly Guardrail[];
  /** `provider/model` or the name of a Model manifest. */
  readonly model?: string;
  readonly instructions?: string;
  /** How it works, in place of `run`: `react()`, or one of `@agentcore/agents`, or your own. @default with a model: `react()` */
  readonly strategy?: Strategy;
  /** What every call of a model is shown beside what the strategy, or `run`, says, and within which window. @default nothing, and no bound */
  readonly context?: AgentContext;
  /** True when doing the same task twice does no harm. @default false */
  readonly idempotent?: boolean;
  /** Milliseconds from submission. @default none */
  readonly timeoutMs?: number;
  /**
   * A cancel or a deadline is told to the code by `ctx.signal` alone; it takes back what it did, for as long as that takes, and ends then.
   * @default a cancel rejects all calls under way and leaves 30 s for clean-up; a deadline ends the task
   */
  readonly compensates?: boolean;
  /**
   * "context": tasks of one context run one at a time, in order of submission; one that waits for a person, or is
   * parked, holds up those after it. @default any number at once
   */
  readonly concurrency?: "context";
  /** Event types whose durable events start a task. */
  readonly subscribes?: readonly string[];
  /** Its work as a graph, in place of `run`: made by `workflow()`. */
  readonly workflow?: WorkflowDefinition;
  /** Answers queries; must change nothing. */
  readonly answer?: (query: QueryInput, ctx: QueryContext) => Promise<unknown> | unknown;
}

type Run<Input, Output> = (task: TaskInput<Input>, ctx: Context) => Promise<Output> | Output;

export interface AgentOptions<Input = unknown, Output = unknown> extends AgentBasics<Input> {
  /** Types what `run` returns; a result that does not fit fails the task with OUTPUT_MISMATCH. */
  readonly output?: Schema<Output>;
  readonly run?: Run<Input, Output>;
}

// NoInfer, so that the schema alone decides the type. It stands around the whole function: around its result alone, a
// returned `{ verdict: "yes" }` would be widened to a string and refused by an enum. (It still is in a `run` that takes
// no parameters: TypeScript looks into those before it knows the schema's type. `as const` helps there.)
interface WithOutput<Input, Output> extends AgentBasics<Input> {
  readonly output: Schema<Output>;
  readonly run?: NoInfer<Run<Input, Output>>;
}

interface WithoutOutput<Input, Output> extends AgentBasics<Input> {
  readonly output?: never;
  readonly run?: Run<Input, Output>;
}

/**
 * Defines an agent; the definition is frozen. With a model and no `run`, `run` is what its strategy makes. Throws
 * INVALID_ARGUMENT with agent, field and what was expected for a definition that could not work.
 */
export function agent<Input = unknown, Output = unknown>(
  options: WithOutput<Input, Output>,
): AgentDefinition<Input, Output>;
/** Without an output schema the output is what `run` returns. */
export function agent<Input = unknown, Output = unknown>(
  options: WithoutOutput<Input, Output>,
): AgentDefinition<Input, Output>;
export function agent<Input, Output>(options: AgentOptions<Input, Output>): AgentDefinition<Input, Output> {
  checkAgent(options);
  const { strategy: _, context, run: _run, ...rest } = options;
  const run = options.run ?? runOf(options);
  return Object.freeze({
    ...rest,
    version: options.version ?? "0.1.0",
    labels: Object.freeze({ ...options.labels }),
    skills: Object.freeze(skillsOf(options)),
    tools: Object.freeze([...(options.tools ?? [])]),
    ...(options.guardrails === undefined ? {} : { guardrails: Object.freeze([...options.guardrails]) }),
    idempotent: options.idempotent ?? false,
    subscribes: Object.freeze([...(options.subscribes ?? [])]),
    run: context === undefined || run === undefined ? run : withAgentContext(context, run as Run<unknown, Output>),
  });
}

/** The tools of manifests are asked for first: a strategy has them as any others. */
const runOf = <Input, Output>(options: AgentOptions<Input, Output>): Run<unknown, Output> | undefined => {
  const { name, model, instructions, tools = [], output } = options;
  const strategy = options.strategy ?? (model === undefined ? undefined : react());
  const own = tools.filter(isTool);
  const run = strategy?.({ name, model, instructions, tools: own, output });
  if (strategy === undefined || own.length === tools.length) return run;
  return async (task, ctx) =>
    strategy({ name, model, instructions, tools: await toolsOf(tools, ctx), output })(task, ctx);
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

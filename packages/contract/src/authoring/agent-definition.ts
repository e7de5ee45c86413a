import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { A2AMessage, AgentSkill } from "../a2a.ts";
import type { Context, QueryContext } from "./context.ts";
import type { Guardrail } from "./guardrail.ts";
import type { DeclaredTools, Tool } from "./tool.ts";
import type { WorkflowDefinition } from "./workflow.ts";

/** Any schema library that speaks Standard Schema: zod, valibot, arktype … */
export type Schema<Output = unknown> = StandardSchemaV1<unknown, Output>;
export type InferOutput<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** What a task brings to `run`. */
export interface TaskInput<Input> {
  readonly id: string;
  readonly contextId: string;
  readonly tenantId: string;
  /** The agent's own name, as it is declared. Every task of the platform has it. */
  readonly agent?: string | undefined;
  /** Who asked, as the front door knows them; one context id of two callers is two conversations. */
  readonly caller: string;
  readonly input: Input;
  /** What the caller sent, when the task came as a message: with files and media types, which `input` leaves out. */
  readonly message?: A2AMessage | undefined;
  /** Of the trace that the task belongs to (W3C Trace Context): for calls that go on in it. */
  readonly traceparent?: string | undefined;
  /** Remote agents that the work came through: to be handed on, and one more, by who has a remote agent do it. @default 0 */
  readonly hops?: number | undefined;
  /** Agents whose tasks stand above this one, the outermost first. @default none: nobody's task has sent it */
  readonly above?: readonly string[] | undefined;
  /** The skill that was asked for, when the caller named one. */
  readonly skill?: string | undefined;
  /** State handed over by `ctx.continueAs`, else undefined. */
  readonly continuedFrom?: unknown;
}

export interface QueryInput<Input = unknown> {
  readonly tenantId: string;
  readonly payload: Input;
  readonly skill?: string | undefined;
}

/** What callers may count on before anybody has measured it, and what they are not to ask it for. Shown on its card. */
export interface AgentProfile {
  /** From the request to the answer when nothing else waits: what is usual, and what only few are slower than. */
  readonly latencyMs?: { readonly from: number; readonly to: number } | undefined;
  /** In words: what looks like its work and is another's. */
  readonly doesNot?: readonly string[] | undefined;
}

/** An agent as its author writes it. Made by `agent()`; everything is optional that has a sensible default. */
export interface AgentDefinition<Input = unknown, Output = unknown> {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly skills: readonly AgentSkill[];
  readonly labels: Readonly<Record<string, string>>;
  /** @default nothing is promised */
  readonly profile?: AgentProfile | undefined;
  readonly input?: Schema<Input> | undefined;
  readonly output?: Schema<Output> | undefined;
  readonly tools: readonly (Tool | DeclaredTools)[];
  /** Around the code and its tools, in this order. @default none */
  readonly guardrails?: readonly Guardrail[] | undefined;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  /** True when doing the same command twice does no harm, so another agent may be tried after a possible delivery. */
  readonly idempotent: boolean;
  /** Milliseconds from submission after which a task fails with DEADLINE_EXCEEDED; undefined: none. */
  readonly timeoutMs?: number | undefined;
  /** "context": of the tasks of one context, one at a time, in order of submission; the next begins when the one before has ended. */
  readonly concurrency?: "context" | undefined;
  /** Event types whose durable events start a task of this agent, once per event. */
  readonly subscribes: readonly string[];
  readonly run?: ((task: TaskInput<Input>, ctx: Context) => Promise<Output> | Output) | undefined;
  /** Its work as a graph, in place of `run`. Made by `workflow()` or of a Workflow manifest. */
  readonly workflow?: WorkflowDefinition | undefined;
  /**
   * A cancel or a deadline is told to the code by `ctx.signal` alone: calls under way go on until the code ends them, it takes its effects
   * back by further calls for as long as that takes, and ends then.
   * @default a cancel rejects all calls under way and leaves 30 s for clean-up; a deadline ends the task
   */
  readonly compensates?: boolean | undefined;
  /** Answers queries; must change nothing. */
  readonly answer?: ((query: QueryInput, ctx: QueryContext) => Promise<unknown> | unknown) | undefined;
}

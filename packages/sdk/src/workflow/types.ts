/** What the types of a workflow are made of: data goes from node to node, and what does not fit is seen where it is written. */
import type {
  AgentDefinition,
  Priority,
  RetryPolicy,
  StepContext,
  Target,
  WorkflowScope,
} from "@agentcore/contract/authoring";
import type { Written } from "./written.ts";

/** What functions of a node see. `Nodes`: outputs by the ids of nodes before it. */
export interface Scope<Input, Nodes, Previous> extends WorkflowScope {
  readonly input: Input;
  readonly nodes: Readonly<Nodes>;
  readonly previous: Previous;
}
export interface TurnScope<Input, Nodes, Previous> extends Scope<Input, Nodes, Previous> {
  /** From 1. */
  readonly turn: number;
}

/** In CEL, or a pure function. */
export type Condition<S> = string | ((scope: S) => boolean);
/** A pure function of the scope, or what `expression()` and `template()` make. */
export type From<S, T> = ((scope: S) => T) | Written<T>;
/** `90s`, `15m`, `12h`, `30d`, or milliseconds. */
export type Duration = string | number;

/** By whom a task is done when it is no agent at hand: `agent`, `capability` or `need`. */
export type TaskTarget = Extract<Target, { agent: string } | { capability: string } | { need: string }>;

/** A target that is chosen as the run goes on, of what has come so far. */
export interface ChosenTarget<S> {
  readonly target: From<S, TaskTarget>;
}

export type Work<Input, Output> = (input: Input, step: StepContext) => Promise<Output> | Output;

/**
 * Takes a node's effect back: a function that runs as a step, or an agent. It gets the node's output, or what `input` makes of the scope when the
 * node completes.
 */
export type Undo<S, Output> =
  | Work<Output, unknown>
  | {
      readonly by: TaskTarget | AgentDefinition<never, unknown> | Work<never, unknown>;
      readonly input?: From<S, unknown>;
      readonly skill?: string;
      readonly timeout?: Duration;
      readonly retry?: RetryPolicy;
    };

export interface NodeOptions<S, Output> {
  readonly description?: string;
  readonly timeout?: Duration;
  readonly undo?: Undo<S, Output>;
}
export interface WorkOptions<S, Output> extends NodeOptions<S, Output> {
  readonly retry?: RetryPolicy;
}
export interface TaskOptions<S, Output, Id> extends NodeOptions<S, Output> {
  /** The node's name. @default the agent's */
  readonly as?: Id;
  readonly skill?: string;
  /** @default the workflow's own */
  readonly priority?: Priority;
}

/** An agent that takes what the node before gives needs no `input`; any other does. */
export type InputOption<S, Previous, Input> = [Previous] extends [Input]
  ? { readonly input?: From<S, Input> }
  : { readonly input: From<S, Input> };

/** `[options?]`, or `[options]` where something in them is required. */
export type Rest<Options> = Record<never, never> extends Options ? [options?: Options] : [options: Options];

export interface JoinOptions {
  readonly description?: string;
  /** fail: one that fails ends the others and fails the whole. @default "fail"; with `need`: "ignore" */
  readonly onFailure?: "fail" | "ignore";
  /** Goes on as soon as so many have succeeded, and ends the others. @default all */
  readonly need?: number;
  /**
   * Asked after each branch that succeeds while others are under way: goes on as soon as it holds, and ends them. A pure function of the
   * outputs by branch, or CEL over `branches`. With it, one that fails is left out. @default never
   */
  readonly until?: string | ((branches: Readonly<Record<string, unknown>>) => boolean);
}

/** Outputs by node, with one more where it has a name. */
export type With<Nodes, Id extends string, Output> = [Id] extends [never]
  ? Nodes
  : Simplify<Nodes & Record<Id, Output>>;

export type Simplify<T> = { [Key in keyof T]: T[Key] } & {};

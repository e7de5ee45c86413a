/** What expressions see. A variable that has no value where the expression stands is left out or undefined. */
export interface WorkflowScope {
  /** Of the run. */
  readonly input?: unknown;
  /** Outputs by node id, of the nodes that have run. */
  readonly nodes?: Readonly<Record<string, unknown>>;
  /** Errors in their JSON form by node id, of the nodes that failed. */
  readonly errors?: Readonly<Record<string, unknown>>;
  /** Output of the node before; the run's input where there is none. */
  readonly previous?: unknown;
  /** In the body of a map. */
  readonly item?: unknown;
  /** In the body of a map, from 0. */
  readonly index?: number;
  /** In the body of a loop and in a gate, from 1. */
  readonly turn?: number;
  /** In a join: outputs by name of the branch. */
  readonly branches?: Readonly<Record<string, unknown>>;
  /** In a trigger, and where an event is waited for: `{ id, topic, source, payload }`. */
  readonly event?: unknown;
  /** In the `where` of `ctx.waitForEvent`: what the code gave it. */
  readonly with?: unknown;
  /** In the `when` of a Model's candidates: the request that a model is chosen for. */
  readonly request?: unknown;
}

export const SCOPE_VARIABLES = [
  "input",
  "nodes",
  "errors",
  "previous",
  "item",
  "index",
  "turn",
  "branches",
  "event",
  "with",
  "request",
] as const satisfies readonly (keyof WorkflowScope)[];

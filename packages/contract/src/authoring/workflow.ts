import type { MigrationRules } from "../migration.ts";
import type { WorkflowGraph } from "../workflow.ts";

/** What the expressions and functions of a graph see. */
export interface WorkflowScope {
  /** The workflow's. */
  readonly input: unknown;
  /** Outputs by node, as far as they have run; of a loop or a repetition the latest. */
  readonly nodes: Readonly<Record<string, unknown>>;
  /** Of nodes that failed and have a `catch`. */
  readonly errors: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
  /** Output of the node before; the workflow's input at the start. */
  readonly previous: unknown;
  /** In the body of a `map`. */
  readonly item?: unknown;
  readonly index?: number;
  /** In the body of a `loop` and in its `until`, in a `gate`: from 1. */
  readonly turn?: number;
  /** In `merge`: outputs by name of the branch. */
  readonly branches?: Readonly<Record<string, unknown>>;
}

export interface WorkflowDefinition {
  readonly graph: WorkflowGraph;
  /**
   * What the graph names. `$function`: of the scope, pure, at once. `function`: of the input and a `StepContext`, run as a step.
   */
  readonly functions: Readonly<Record<string, (...parameters: never[]) => unknown>>;
  /** By which runs of revisions before it may be moved to it, as far as these have such nodes. @default none: as they are */
  readonly migrate?: MigrationRules | undefined;
}

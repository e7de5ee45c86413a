/** Where a run of a workflow stood at a checkpoint: the `state` of its `checkpoint.created`, as JSON. */
import type { SerializedError } from "./errors.ts";

export interface WorkflowNodeError {
  readonly code: string;
  readonly message: string;
}

/** One walk through a region: the workflow itself, a branch, an item. */
export interface WorkflowFrameState {
  /** Of the fan that it belongs to: the branch, or the index. */
  readonly name: string;
  readonly at: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, WorkflowNodeError>>;
  /** The node whose output came last. */
  readonly previous: string | null;
  readonly visits: Readonly<Record<string, number>>;
  readonly turns: Readonly<Record<string, number>>;
  /** The call of the node that it stands at is under way. */
  readonly isWaiting?: true;
  readonly fan?: {
    readonly address: string;
    readonly frames: readonly WorkflowFrameState[];
    readonly outputs: readonly (readonly [string, unknown])[];
    readonly nodes: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
    readonly next: number;
    /** Of a map: items in all. */
    readonly total?: number;
  };
}

export interface UndoneNode {
  readonly node: string;
  readonly address: string;
}
export interface StandingNode extends UndoneNode {
  /** Why it could not be taken back. */
  readonly reason: string;
}

/** What is to be taken back should the run fail. */
export interface UndoEntry extends UndoneNode {
  readonly input: unknown;
  /** What its input could not be had for. */
  readonly broken?: string;
}

export interface WorkflowState {
  readonly root: WorkflowFrameState;
  /** The last completed at the end. */
  readonly undo: readonly UndoEntry[];
  /** Once it takes back. */
  readonly failed?: {
    readonly error: SerializedError;
    readonly undone: readonly UndoneNode[];
    readonly stands: readonly StandingNode[];
  };
}

/** Agents in code hand over what they like. */
export const isWorkflowState = (state: unknown): state is WorkflowState =>
  typeof state === "object" && state !== null && "root" in state && "undo" in state && Array.isArray(state.undo);

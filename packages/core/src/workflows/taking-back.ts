/** Takes back what a workflow did, one after the other, the last that completed first, and asks a person about what cannot be. */
import {
  PlatformError,
  type StandingNode,
  type UndoEntry,
  type UndoneNode,
  type WorkflowState,
} from "@agentcore/contract";
import type { CompiledWorkflow, UndoSpec } from "./compile-workflow.ts";

/** What a person said of an effect that could not be taken back: try again, it was done by hand, leave it. */
export type UndoVerdict = "retry" | "done" | "leave";

export type UndoCall = { readonly address: string } & (
  | { readonly type: "undo"; readonly id: string; readonly undo: UndoSpec; readonly input: unknown }
  /** What could not be taken back: a person says what is to be done. */
  | {
      readonly type: "ask";
      readonly id: string;
      readonly failed: string;
      readonly error: PlatformError;
      readonly input: unknown;
      readonly choices: readonly UndoVerdict[];
    }
);

/** What is being taken back, with the number of tries; the error that somebody is asked about. */
export interface Undoing {
  readonly entry: UndoEntry;
  attempt: number;
  address: string;
  error: PlatformError | null;
}

export class TakingBack {
  /** The last completed at the end. */
  readonly entries: UndoEntry[];
  undoing: Undoing | null = null;
  readonly undone: UndoneNode[];
  readonly stands: StandingNode[];
  private readonly nodes: CompiledWorkflow["nodes"];

  constructor({ nodes }: Pick<CompiledWorkflow, "nodes">, state: WorkflowState | null) {
    this.nodes = nodes;
    this.entries = [...(state?.undo ?? [])];
    this.undone = [...(state?.failed?.undone ?? [])];
    this.stands = [...(state?.failed?.stands ?? [])];
  }

  /** With nothing under way. Null: there is nothing left. */
  next(): UndoCall | null {
    const entry = this.entries.pop();
    if (entry === undefined) return null;
    this.undoing = { entry, attempt: 0, address: "", error: null };
    return this.attempt(this.undoing);
  }

  /** What is to be done about it now; null: it is over, as `undone` or `stands` tell. */
  settle(undoing: Undoing, outcome: { readonly value: unknown } | { readonly error: PlatformError }): UndoCall | null {
    const { entry, error } = undoing;
    const done = { node: entry.node, address: entry.address };
    if (error === null) {
      if ("error" in outcome) return ask(undoing, outcome.error);
      this.undone.push(done);
    } else {
      const verdict = "value" in outcome ? (outcome.value as UndoVerdict) : "leave";
      if (verdict === "retry" && entry.broken === undefined) {
        undoing.error = null;
        return this.attempt(undoing);
      }
      if (verdict === "done") this.undone.push(done);
      else this.stands.push({ ...done, reason: error.message });
    }
    this.undoing = null;
    return null;
  }

  private attempt(undoing: Undoing): UndoCall {
    const { node, address, input, broken } = undoing.entry;
    const compiled = this.nodes.get(node);
    const undo = compiled?.type === "call" ? compiled.undo : null;
    if (broken !== undefined || undo === null)
      return ask(undoing, new PlatformError("WORKFLOW_FAILED", broken ?? `${node} has no undo`));
    undoing.attempt += 1;
    undoing.address = `${address}~undo${suffix(undoing.attempt)}`;
    return { type: "undo", address: undoing.address, id: node, undo: undo.spec, input };
  }
}

const ask = (undoing: Undoing, error: PlatformError): UndoCall => {
  const { entry, attempt } = undoing;
  undoing.error = error;
  undoing.address = `${entry.address}~stands${suffix(attempt)}`;
  return {
    type: "ask",
    address: undoing.address,
    id: entry.node,
    failed: entry.address,
    error,
    input: entry.input,
    // What its input could not be had for cannot be tried.
    choices: entry.broken === undefined ? ["retry", "done", "leave"] : ["done", "leave"],
  };
};

const suffix = (attempt: number): string => (attempt <= 1 ? "" : `@${attempt}`);

import type { Priority } from "@agentcore/contract";

/** Chooses where words and vectors find nobody: a model that reads what the nearest agents say of themselves. */
export interface Decider {
  /** Of its model, for reasons. */
  readonly name: string;
  /**
   * One of those that it is shown, or nobody. An answer that cannot be read, or names another, is nobody. Throws what models throw, and what `signal`
   * aborts with.
   */
  decide(question: DeciderQuestion, options: { readonly signal: AbortSignal }): Promise<Verdict>;
}

export interface DeciderQuestion {
  readonly tenantId: string;
  readonly need: string;
  /** Nearest first, 20 at most, of this tenant. */
  readonly agents: readonly ShownAgent[];
  readonly asker: Asker;
}

export interface ShownAgent {
  readonly name: string;
  /** What it says of itself; nobody here has checked it. */
  readonly text: string;
}

/** Whose call it is, for budgets and sums of usage. */
export interface Asker {
  readonly caller: string;
  /** "": no agent asks. */
  readonly agent: string;
  readonly taskId?: string | undefined;
  readonly priority: Priority;
  readonly traceparent?: string | undefined;
}

export interface Verdict {
  readonly agent: string | null;
  /** In a sentence or two. */
  readonly reason: string;
}

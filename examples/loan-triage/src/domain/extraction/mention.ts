import type { Evidence, FactValues, Field, Problem } from "../application.ts";

/** One place of a document stating one fact. Several may state the same; `reconcile` decides what holds. */
export type Mention = {
  [F in Field]: { readonly field: F; readonly value: FactValues[F]; readonly evidence: readonly Evidence[] };
}[Field];

/** What a reader found, before anything was compared. */
export interface Reading {
  readonly mentions: readonly Mention[];
  readonly problems: readonly Problem[];
}

/** A label and what stands beside it, from whichever format. */
export interface LabelledValue {
  readonly label: string;
  readonly value: string;
  readonly evidence: Evidence;
}

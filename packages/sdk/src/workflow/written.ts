/** Data of a workflow in place of functions: a graph of these alone is plain JSON, which needs no code to be run. */
declare const gives: unique symbol;

/** In CEL, or a template; `T` is what its author says that it gives. */
export interface Written<T> {
  /** For the types alone. */
  readonly [gives]?: T;
  readonly $expression?: string;
  readonly $template?: unknown;
}

// `any` where nobody says what it gives: it stands wherever a value does, and what does not fit is seen when it is evaluated.
// oxlint-disable typescript/no-explicit-any
/** A value in CEL over `input nodes errors previous item index turn` (docs/expressions.md): `expression<number>("previous.score * 2")`. */
export const expression = <T = any>(cel: string): Written<T> => Object.freeze({ $expression: cel });

/** JSON in which a text that is `${expression}` stands for its value, and `${…}` within a text for its value as text. */
export const template = <T = any>(json: unknown): Written<T> => Object.freeze({ $template: json });

export const isWritten = (value: unknown): value is Written<unknown> =>
  typeof value === "object" && value !== null && ("$expression" in value || "$template" in value);

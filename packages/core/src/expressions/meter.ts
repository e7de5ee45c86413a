/**
 * What one evaluation may cost, in evaluations of one small part of an expression: some tenths of a second of this thread. Macros within
 * macros over long lists would take hours.
 */
export const MAX_COST = 5_000_000;

/** Characters of text that cost as much as one step, by the slowest that goes through them (`size`). */
const CHARACTERS_A_STEP = 8;

/** Items of a list that are compared for as much as one step, when they are numbers or short texts. */
const ITEMS_A_STEP = 4;

/** Thrown when an evaluation costs more than it may. */
export class TooCostly extends Error {
  constructor() {
    super(
      `it takes more than ${MAX_COST} steps; use shorter lists, fewer macros within macros, or an agent or a function for it`,
    );
  }
}

/** Counts what one evaluation costs. */
export class Meter {
  private left = MAX_COST;

  get isSpent(): boolean {
    return this.left < 0;
  }

  /** Throws TooCostly. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new TooCostly();
  }

  /** Without throwing: whether there was so much. */
  afford(steps: number): boolean {
    this.left -= steps;
    return this.left >= 0;
  }

  spendOnText(length: number): void {
    this.spend(length / CHARACTERS_A_STEP);
  }

  /** For what goes through a value once: its characters, or its members without what is in them. */
  spendOnWidth(value: unknown): void {
    if (typeof value === "string") this.spendOnText(value.length);
    else if (Array.isArray(value)) this.spend(value.length);
    else if (typeof value === "object" && value !== null) this.spend(Object.keys(value).length);
  }

  /** For what compares a value: all that is in it. */
  spendOnWhole(value: unknown): void {
    if (typeof value !== "object" || value === null) {
      if (typeof value === "string") this.spendOnText(value.length);
      return;
    }
    const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    this.spend(1 + (Array.isArray(value) ? members.length / ITEMS_A_STEP : members.length));
    for (const member of members) this.spendOnWhole(member);
  }
}

/** Mulberry32: integer arithmetic only, so every machine draws the same numbers. Statistical quality is ample for a seed. */
export class RandomSource {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to `bound` - 1. */
  integer(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  /** An index drawn in proportion to the integer weights. */
  weighted(weights: readonly number[]): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let point = this.integer(total);
    for (const [index, weight] of weights.entries()) {
      if (point < weight) return index;
      point -= weight;
    }
    throw new Error("weights must be positive integers");
  }
}

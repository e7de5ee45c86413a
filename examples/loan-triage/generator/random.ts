/** Repeatable randomness: one seed, one set of applications. */
export interface Random {
  /** 0 inclusive to 1 exclusive. */
  next(): number;
  /** Both ends included. */
  integer(from: number, to: number): number;
  pick<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    integer,
    pick: <T>(values: readonly T[]) => {
      const value = values[integer(0, values.length - 1)];
      if (value === undefined) throw new Error("Nothing to pick from");
      return value;
    },
    chance: (probability) => next() < probability,
  };
}

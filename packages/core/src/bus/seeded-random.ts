/** Numbers 0 ≤ x < 1 from a hex seed (mulberry32): good enough to spread load, never for secrets. */
export const createRandom = (hexSeed: string): (() => number) => {
  let state = Number.parseInt(hexSeed.slice(0, 8), 16) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

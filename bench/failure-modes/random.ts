import { createHash } from "node:crypto";

const firstBytes = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);

/** The same draws for the same seed, on any machine. */
export class Random {
  private state: number;

  constructor(seed: string) {
    this.state = firstBytes(seed);
  }

  /** From 0 inclusive to 1 exclusive. */
  next(): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, both inclusive. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<Each>(list: readonly Each[]): Each {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined) throw new Error("there is nothing to pick from");
    return picked;
  }

  shuffled<Each>(list: readonly Each[]): Each[] {
    const rest = [...list];
    const drawn: Each[] = [];
    while (rest.length > 0) drawn.push(...rest.splice(Math.floor(this.next() * rest.length), 1));
    return drawn;
  }
}

export const SPLITS = ["dev", "test"] as const;
export type Split = (typeof SPLITS)[number];

export const splitOf = (text: string): Split => (firstBytes(text) % 2 === 0 ? "dev" : "test");

const halves = new WeakMap<readonly string[], Readonly<Record<Split, readonly string[]>>>();

/** The wordings that belong to a split, by the order of their hashes: what is tuned on dev meets none of them in test. */
export const half = (split: Split, wordings: readonly string[]): readonly string[] => {
  let known = halves.get(wordings);
  if (known === undefined) {
    const inOrder = wordings
      .map((wording) => ({ wording, place: firstBytes(wording) }))
      .sort((one, other) => one.place - other.place)
      .map(({ wording }) => wording);
    const middle = Math.floor(inOrder.length / 2);
    known = { dev: inOrder.slice(0, middle), test: inOrder.slice(middle) };
    halves.set(wordings, known);
  }
  return known[split];
};

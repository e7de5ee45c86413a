export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Pairs each value with the cue nearest to it, nearest pairs first, no cue and no value twice: in "€3,200 a month, €700
 *  rent and €250 towards a car loan" the rent takes 700, so 250 goes to the loan although "rent" stands closer to it. */
export function nearestPairs<C extends Span, V extends Span>(
  cues: readonly C[],
  values: readonly V[],
  reach: number,
): [C, V][] {
  const candidates = cues
    .flatMap((cue) =>
      values.map((value) => ({ cue, value, gap: Math.max(value.start - cue.end, cue.start - value.end) })),
    )
    .filter(({ gap }) => gap <= reach)
    .sort((a, b) => a.gap - b.gap || a.value.start - b.value.start);
  const taken = new Set<Span>();
  const pairs: [C, V][] = [];
  for (const { cue, value } of candidates) {
    if (taken.has(cue) || taken.has(value)) continue;
    taken.add(cue).add(value);
    pairs.push([cue, value]);
  }
  return pairs;
}

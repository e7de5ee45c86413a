// As reciprocal rank fusion has it (Cormack et al. 2009): the tenth counts for six sevenths of the first.
const RANK_OFFSET = 60;

export interface Joined {
  readonly id: string;
  /** By ranking its place, from 1. */
  readonly places: ReadonlyMap<string, number>;
}

/** One order of several, whose scores cannot be compared: by the sum of 1 / (60 + place). Equals by id. */
export const joinRanks = (rankings: ReadonlyMap<string, readonly string[]>): readonly Joined[] => {
  const found = new Map<string, { score: number; readonly places: Map<string, number> }>();
  for (const [name, ids] of rankings)
    for (const [index, id] of ids.entries()) {
      const one = found.get(id) ?? { score: 0, places: new Map<string, number>() };
      one.score += 1 / (RANK_OFFSET + index + 1);
      one.places.set(name, index + 1);
      found.set(id, one);
    }
  return [...found]
    .sort(([leftId, left], [rightId, right]) => right.score - left.score || (leftId < rightId ? -1 : 1))
    .map(([id, { places }]) => ({ id, places }));
};

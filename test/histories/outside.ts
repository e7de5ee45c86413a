/** What is no part of a log and differs whenever somebody looks, as the world does: code that saw it once must see the log instead. */
let turns = 0;

export const outside = {
  /** While recording 0, 1, 2 …; a replay begins elsewhere. */
  next: (): number => {
    turns += 1;
    return turns - 1;
  },
  from: (first: number): void => {
    turns = first;
  },
};

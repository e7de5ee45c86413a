/** How far a task has come with what it was told, and what was lost of it. It stands in one value with what is kept: so a save that failed as it answered is known to have happened. */
export interface Tally {
  /** Whose events were taken in last. */
  readonly task: string;
  /** So many of that task's events, in their order, are dealt with: kept, refused or lost. */
  readonly events: number;
  /** Of these. */
  readonly lostOfTask: number;
  /** Ever, of all tasks. */
  readonly lost: number;
}

export const NO_TALLY: Tally = { task: "", events: 0, lostOfTask: 0, lost: 0 };

/** Of the task; where nothing of it was saved yet, as it begins. */
export const tallyOf = (tally: Tally, task: string): Tally =>
  tally.task === task ? tally : { task, events: 0, lostOfTask: 0, lost: tally.lost };

/** Those from `from` to `to` are kept, those between what was dealt with and `from` are lost. */
export const nextTally = (before: Tally, from: number, to: number): Tally => {
  const lost = from - before.events;
  return { task: before.task, events: to, lostOfTask: before.lostOfTask + lost, lost: before.lost + lost };
};

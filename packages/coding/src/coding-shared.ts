/** What agents of one process have in common, which work in one state folder. */
export class CodingShared {
  /** Runs that this process is at, by key. */
  readonly active = new Set<string>();
  private readonly programs = new Set<Promise<unknown>>();
  private last: Promise<unknown> = Promise.resolve();
  private sweeping: Promise<unknown> = Promise.resolve();
  private nextSweep: Promise<void> | null = null;

  /** Of a program's end. */
  note(ended: Promise<unknown>): void {
    const noted = ended.catch(() => undefined).finally(() => this.programs.delete(noted));
    this.programs.add(noted);
  }

  /** Once no program runs, and nothing is swept: for a node that ends, whose tasks have been told. */
  async idle(): Promise<void> {
    await Promise.all(this.programs);
    await this.sweeping;
  }

  /** Merges one after the other, each on top of the one before. Who else merges meanwhile is noticed, and costs a turn more. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work, work);
    this.last = mine.catch(() => undefined);
    return mine;
  }

  /** One at a time. Who comes while one is under way waits for the next, and so do all others: it is one. */
  sweep(work: () => Promise<void>): Promise<void> {
    this.nextSweep ??= this.sweeping.then(() => {
      this.nextSweep = null;
      return work();
    });
    this.sweeping = this.nextSweep.catch(() => undefined);
    return this.nextSweep;
  }
}

import type { ProgramSandbox } from "@agentcore/sandbox";

/** What agents of one process have in common, which work in one state folder. */
export class CodingShared {
  /** Runs that this process is at, by key. */
  readonly active = new Set<string>();
  private readonly programs = new Set<Promise<unknown>>();
  private last: Promise<unknown> = Promise.resolve();
  private sweeping: Promise<unknown> = Promise.resolve();
  private nextSweep: Promise<void> | null = null;
  private opened: Promise<ProgramSandbox> | null = null;

  /** Loaded with the first agent that wants it, and tried. Throws SANDBOX_UNAVAILABLE, which says what is missing on this machine. */
  sandbox(): Promise<ProgramSandbox> {
    this.opened ??= import("@agentcore/sandbox")
      .then(({ openProgramSandbox }) => openProgramSandbox())
      .catch((error: unknown) => {
        // What is missing may be there by the next time.
        this.opened = null;
        throw error;
      });
    return this.opened;
  }

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

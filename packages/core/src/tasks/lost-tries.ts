/** Tries of tasks that were lost with what their code ran in, while this process went on. */
export class LostTries {
  private readonly counted = new Map<string, { readonly seq: number; readonly count: number; readonly why: string }>();

  /** Counts one more since the log had `seq` events; tells how many. */
  add(task: string, seq: number, why: string): number {
    const count = this.of(task, seq) + 1;
    this.counted.delete(task);
    this.counted.set(task, { seq, count, why });
    const [oldest] = this.counted.keys();
    if (this.counted.size > MAX_TASKS && oldest !== undefined) this.counted.delete(oldest);
    return count;
  }

  /** Since the log had so many events: whoever got further begins anew. */
  of(task: string, seq: number): number {
    const known = this.counted.get(task);
    return known?.seq === seq ? known.count : 0;
  }

  /** Of the last of them, since the log had so many events. */
  lastWhy(task: string, seq: number): string | undefined {
    const known = this.counted.get(task);
    return known?.seq === seq ? known.why : undefined;
  }
}

// Of the oldest nobody has heard for long.
const MAX_TASKS = 10_000;

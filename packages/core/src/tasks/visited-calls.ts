import type { StepKind } from "@agentcore/contract";
import type { Journal } from "./journal.ts";

/** Holds the calls that the code makes against those that the log recorded, so that changed code is noticed (I3). */
export class VisitedCalls {
  private readonly journal: Journal;
  private readonly visited = new Set<string>();
  /** Of the recorded ones, without those that say nothing of how far an earlier run came. */
  private met = 0;
  /** Something that is kept beside the log may belong to them. */
  sawSecrets = false;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** What the log has under that path, when it differs from what is asked now. */
  visit(path: string, kind: StepKind, inputHash: string | undefined): object | null {
    const recorded = this.journal.calls.get(path);
    if (this.tells(path) && !this.visited.has(path)) this.met += 1;
    this.visited.add(path);
    this.sawSecrets ||= kind === "authorization" || kind === "approval";
    if (recorded === undefined) return null;
    const isAsAsked = recorded.inputHash === null || recorded.inputHash === inputHash;
    return recorded.kind === kind && isAsAsked ? null : recorded;
  }

  /** Asked about, but not made. */
  unvisit(path: string): void {
    if (this.visited.delete(path) && this.tells(path)) this.met -= 1;
  }

  /** Whether there are any ahead; costs nothing, unlike the list of them. */
  get isBehind(): boolean {
    return this.met < this.journal.calls.size - this.journal.onlyCarried.size;
  }

  /** Recorded calls that the code has not come to: while it runs, where an earlier run passed; at its end, those it passes by. */
  ahead(): string[] {
    return [...this.journal.calls.keys()].filter((path) => !this.visited.has(path));
  }

  private tells(path: string): boolean {
    return this.journal.calls.has(path) && !this.journal.onlyCarried.has(path);
  }
}

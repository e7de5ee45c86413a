import type { TaskEvent } from "@agentcore/contract";
import type { Feed, FollowedLog, LiveText } from "@agentcore/core/tasks";

/** What a model has said behind the last event of a task's log, and is in none yet. */
export interface StreamedText extends LiveText {
  /** Number of that event; the next one makes all this void. */
  readonly after: number;
  /** 1, 2, 3 … behind each event. */
  readonly part: number;
}

/** A task's log, and in between what models say before it is in the log: behind each event anew, so that nothing is held of what is void. */
export class EventFeed implements Feed<TaskEvent | StreamedText> {
  private readonly log: FollowedLog;
  private after: number;
  private part = 0;
  /** By the artifact, since the last event; null when nothing was: few tasks ever say something. */
  private told: Map<string, LiveText> | null = null;

  /** `after`: number of the event that the log is followed from. */
  constructor(log: FollowedLog, after: number) {
    this.log = log;
    this.after = after;
  }

  async read(): Promise<readonly (TaskEvent | StreamedText)[] | null> {
    const events = await this.log.read();
    const last = events?.at(-1);
    if (events === null || last === undefined) return events === null ? null : this.texts();
    this.after = last.seq;
    this.part = 0;
    this.told = null;
    return events;
  }

  wait(ring: () => void): void {
    this.log.wait(ring);
  }

  close(): void {
    this.log.close();
  }

  private texts(): readonly StreamedText[] {
    return this.log.texts().flatMap((now) => {
      this.told ??= new Map();
      const { artifactId } = now.artifact;
      const before = this.told.get(artifactId);
      const goesOn = before !== undefined && before.append === now.append && now.text.startsWith(before.text);
      const text = goesOn ? now.text.slice(before.text.length) : now.text;
      if (text === "") return [];
      this.told.set(artifactId, now);
      this.part += 1;
      return [{ ...now, text, append: goesOn || now.append, after: this.after, part: this.part }];
    });
  }
}

/** What a stream has shown of texts that its task's log does not have yet. */
import type { Artifact, TaskEvent, TaskEventOf } from "@agentcore/contract";
import type { LiveText } from "@agentcore/core/tasks";

/** A piece of an artifact, as a client is told of it. */
export interface TextPiece {
  readonly artifact: Artifact;
  readonly append: boolean;
}

/**
 * Invariant: a client that puts the pieces together has of each artifact what the log has, and behind it, or in its place, what stands here.
 * A logged piece is compared with that: texts are volatile, so it may be another one. No more is held than was shown and is in no event.
 */
export class TextsAhead {
  /** By the artifact. */
  private readonly texts = new Map<string, LiveText>();

  get isEmpty(): boolean {
    return this.texts.size === 0;
  }

  /** What the client has not seen of what models have said by now. */
  show(texts: readonly LiveText[]): TextPiece[] {
    return texts.flatMap((now) => {
      const { artifactId } = now.artifact;
      const shown = this.texts.get(artifactId);
      const goesOn =
        shown !== undefined &&
        shown.path === now.path &&
        shown.append === now.append &&
        now.text.startsWith(shown.text);
      // It would stand behind what is not in the log, and perhaps never will be: that is for an event to tell.
      if (!goesOn && shown !== undefined && now.append) return [];
      const text = goesOn ? now.text.slice(shown.text.length) : now.text;
      if (text === "") return [];
      this.texts.set(artifactId, now);
      return [{ artifact: { ...now.artifact, parts: [{ text }] }, append: goesOn || now.append }];
    });
  }

  /** Ids of artifacts of which the client has a text that will not come, as is known from this event on. They are forgotten here. */
  lostBy(event: TaskEvent): readonly string[] {
    const lost = [...this.texts.values()].filter((shown) => isLost(shown, event));
    for (const { artifact } of lost) this.texts.delete(artifact.artifactId);
    return lost.map(({ artifact }) => artifact.artifactId);
  }

  /** What the client has not seen of a logged piece; after `lostBy`. */
  restOf({ data }: TaskEventOf<"artifact.appended">): TextPiece {
    const { artifact, append } = data;
    const shown = this.texts.get(artifact.artifactId);
    const text = textOf(artifact);
    if (shown === undefined || text === null || !isSame(shown, data, text)) {
      this.texts.delete(artifact.artifactId);
      return { artifact, append };
    }
    if (text.length >= shown.text.length) this.texts.delete(artifact.artifactId);
    else this.texts.set(artifact.artifactId, { ...shown, append: true, text: shown.text.slice(text.length) });
    return { artifact: { ...artifact, parts: [{ text: text.slice(shown.text.length) }] }, append: true };
  }

  /** The client is told of the task as a whole. */
  clear(): void {
    this.texts.clear();
  }
}

type Appended = TaskEventOf<"artifact.appended">["data"];

const isSame = (shown: LiveText, { path, append }: Appended, text: string): boolean =>
  shown.path === path && shown.append === append && (text.startsWith(shown.text) || shown.text.startsWith(text));

const isLost = (shown: LiveText, event: TaskEvent): boolean => {
  switch (event.type) {
    case "artifact.appended": {
      const { artifact, append } = event.data;
      // What takes the artifact's place takes that of what was shown.
      if (artifact.artifactId !== shown.artifact.artifactId || !append) return false;
      const text = textOf(artifact);
      return text === null || !isSame(shown, event.data, text);
    }
    // Its call is over.
    case "step.completed":
    case "step.failed":
      return event.data.path === shown.path;
    // Another process has the task, its history begins afresh, or it has ended.
    case "task.assigned":
    case "checkpoint.created":
    case "task.parked":
    case "task.completed":
    case "task.failed":
    case "task.canceled":
    case "task.rejected":
      return true;
    default:
      return false;
  }
};

const textOf = ({ parts }: Artifact): string | null => {
  const [only] = parts;
  return parts.length === 1 && only?.text !== undefined ? only.text : null;
};

/** How much of a remote task's artifacts is known already: a snapshot then tells what is new, without a duplicate or a gap. */
import { createHash } from "node:crypto";
import { type Artifact, type Part, TerminalError } from "@agentcore/contract";

export interface ArtifactUpdate {
  readonly type: "artifact";
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly parts: readonly Part[];
  /** Adds to what is there; else it is all there is. */
  readonly append: boolean;
  readonly lastChunk: boolean;
}

interface Mark {
  readonly parts: number;
  /** Over the parts, in order. */
  readonly digest: string;
}

export type MarksJson = Readonly<Record<string, Mark>>;

// Marks are copied for every batch, and go with the task when its log begins afresh.
const MAX_ARTIFACTS = 10_000;

export class ArtifactMarks {
  private readonly marks: Map<string, Mark>;

  constructor(json: MarksJson = {}) {
    this.marks = new Map(Object.entries(json));
  }

  has(id: string): boolean {
    return this.marks.has(id);
  }

  /** Throws TOO_LARGE for an artifact too many. */
  note({ id, parts, append }: ArtifactUpdate): void {
    if (this.marks.size >= MAX_ARTIFACTS && !this.marks.has(id))
      throw new TerminalError(`the agent's task has more than ${MAX_ARTIFACTS} artifacts; expected no more than that`, {
        code: "TOO_LARGE",
      });
    const before = append ? this.marks.get(id) : undefined;
    this.marks.set(id, {
      parts: (before?.parts ?? 0) + parts.length,
      digest: digestOf(parts, before?.digest),
    });
  }

  /** What brings those who know what is marked to the artifacts as they are. */
  difference(artifacts: readonly Artifact[]): readonly ArtifactUpdate[] {
    return artifacts.flatMap((artifact) => {
      const { artifactId: id, name, description, parts } = artifact;
      const about = { type: "artifact" as const, id, name, description, lastChunk: true };
      const mark = this.marks.get(id);
      const known = mark !== undefined && digestOf(parts.slice(0, mark.parts)) === mark.digest ? mark.parts : 0;
      if (known === parts.length) return [];
      return [{ ...about, parts: parts.slice(known), append: known > 0 }];
    });
  }

  toJSON(): MarksJson {
    return Object.fromEntries(this.marks);
  }
}

const digestOf = (parts: readonly Part[], before = ""): string => {
  let digest = before;
  for (const part of parts)
    digest = createHash("sha256").update(digest).update(JSON.stringify(part)).digest("base64url");
  return digest;
};

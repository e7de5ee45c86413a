/** What of a remote task's artifacts may still become the output of ours: no more of them than that is kept. */
import type { Part } from "@agentcore/contract";
import { OUTPUT_ARTIFACT_ID } from "@agentcore/core/tasks";
import type { ArtifactUpdate } from "./artifact-marks.ts";

interface Kept {
  readonly id: string;
  /** Null: it is too large to be kept. */
  parts: Part[] | null;
  /** As JSON, in characters. */
  size: number;
}

// Of what code may return, as JSON.
const MAX_CHARACTERS = 16 * 1024 * 1024;

export class OutputParts {
  /** By the order of first parts the last one counts, so that one which another has followed comes to nothing. */
  private readonly ids = new Set<string>();
  private named: Kept | null = null;
  private last: Kept | null = null;

  note({ id, parts, append }: ArtifactUpdate): void {
    if (!this.ids.has(id)) {
      this.ids.add(id);
      const kept: Kept = { id, parts: [], size: 0 };
      if (id === OUTPUT_ARTIFACT_ID) this.named = kept;
      else this.last = kept;
    }
    const kept = id === OUTPUT_ARTIFACT_ID ? this.named : this.last;
    if (kept?.id !== id) return;
    if (!append) Object.assign(kept, { parts: [], size: 0 });
    if (kept.parts === null) return;
    for (const part of parts) kept.size += JSON.stringify(part).length;
    if (kept.size > MAX_CHARACTERS) kept.parts = null;
    else kept.parts.push(...parts);
  }

  /** Undefined: there is no artifact. Null: it is too large to have been kept. Agents on this platform name it. */
  get parts(): readonly Part[] | null | undefined {
    return (this.named ?? this.last)?.parts;
  }
}

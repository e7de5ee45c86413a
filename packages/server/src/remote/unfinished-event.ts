/** What a numbered event has brought so far: its number stands on its last frame, and until that comes none of it is told. */
import { PlatformError } from "@agentcore/contract";
import type { ArtifactUpdate } from "./artifact-marks.ts";

export type RemoteUpdate = ArtifactUpdate | { readonly type: "progress"; readonly text: string };

export interface SizedUpdate {
  readonly update: RemoteUpdate;
  /** In characters, as JSON. */
  readonly size: number;
}

// As many as one batch may have.
const MAX_FRAMES = 64;
// As much as one frame over HTTP may have.
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** Nothing is kept of a frame but the updates that it was taken for: what is counted is what is held. */
export class UnfinishedEvent {
  private updates: SizedUpdate[] = [];
  private characters = 0;
  private frames = 0;

  get isEmpty(): boolean {
    return this.updates.length === 0;
  }

  hold(held: SizedUpdate): void {
    this.updates.push(held);
    this.characters += held.size;
  }

  /** A frame has ended without a number. Throws TOO_LARGE when what is held waits for one for too long. */
  goOn(): void {
    // Until there is something to tell, a sign of life is all that a frame without a number is.
    if (this.isEmpty) return;
    this.frames += 1;
    if (this.frames <= MAX_FRAMES && this.characters <= MAX_CHARACTERS) return;
    throw new PlatformError(
      "TOO_LARGE",
      `the agent numbers its events, and one has ${this.frames} frames, ${this.characters} characters of updates ` +
        `and no number; expected it within ${MAX_FRAMES} frames and ${MAX_CHARACTERS} characters`,
    );
  }

  /** Empty from here on. */
  release(): readonly SizedUpdate[] {
    const { updates } = this;
    this.updates = [];
    this.characters = 0;
    this.frames = 0;
    return updates;
  }
}

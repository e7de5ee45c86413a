import type { Artifact } from "@agentcore/contract";
import type { Timer } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";

// As often as a reader can tell, and no log fills by it (design: Streams).
const GATHER_MS = 250;

export interface NamedArtifact {
  /** @default the name */
  readonly id?: string;
  readonly name: string;
}

export const artifactOf = ({ name, id = name }: NamedArtifact, text: string): Artifact => ({
  artifactId: id,
  name,
  parts: [{ text }],
});

/**
 * Text of a call under way, as it comes, into an artifact: what came within a quarter of a second is one event. A text that begins anew, by another
 * try or another model, takes the place of what was there.
 */
export class ArtifactStream {
  private readonly execution: Execution;
  private readonly call: OpenCall;
  private readonly artifact: NamedArtifact;
  private gathered = "";
  private isBegun = false;
  private timer: Timer | null = null;

  constructor(execution: Execution, call: OpenCall, artifact: NamedArtifact) {
    this.execution = execution;
    this.call = call;
    this.artifact = artifact;
  }

  add(text: string, begin: boolean): void {
    if (begin) {
      this.gathered = "";
      this.isBegun = false;
    }
    this.gathered += text;
    if (this.gathered !== "")
      this.timer ??= this.execution.services.senses.clock.after(GATHER_MS, () => {
        this.timer = null;
        if (this.gathered !== "") this.tell(this.gathered, false);
      });
  }

  /** `whole`: the text, where none of it was streamed. */
  end(whole: string): void {
    this.stop();
    this.tell(this.isBegun ? this.gathered : whole, true);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private tell(text: string, lastChunk: boolean): void {
    const { execution, call } = this;
    if (!execution.isOpen(call)) return;
    const { path, kind, inputHash } = call;
    const artifact = artifactOf(this.artifact, text);
    execution.append({
      type: "artifact.appended",
      at: execution.services.senses.clock.now(),
      data: {
        ...{ path, kind },
        ...(inputHash === undefined ? {} : { inputHash }),
        ...{ artifact, append: this.isBegun, lastChunk },
      },
    });
    this.isBegun = true;
    this.gathered = "";
  }
}

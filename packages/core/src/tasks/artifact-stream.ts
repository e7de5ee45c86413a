import type { Artifact } from "@agentcore/contract";
import type { Timer } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";

// As often as a reader can tell, and no log fills by it (design: Streams).
const GATHER_MS = 250;
// Of what the log does not have yet, in characters: as much as nobody reads in the time that a write takes. The next piece has the rest.
const MAX_LIVE = 64 * 1024;

export interface NamedArtifact {
  /** @default the name */
  readonly id?: string;
  readonly name: string;
}

/** What a model has said to an artifact and the log does not have yet. */
export interface LiveText {
  /** Of the call that asks the model. */
  readonly path: string;
  readonly artifact: Pick<Artifact, "artifactId" | "name">;
  /** It goes on from what the log has of the artifact; else it takes its place. */
  readonly append: boolean;
  /** Not empty, 65,536 characters at most: the log's next pieces begin with it, if they ever come. */
  readonly text: string;
}

export const artifactOf = ({ name, id = name }: NamedArtifact, text: string): Artifact => ({
  artifactId: id,
  name,
  parts: [{ text }],
});

/**
 * Text of a call under way, as it comes, into an artifact: what came within a quarter of a second is one event. A text that begins anew, by another
 * try or another model, takes the place of what was there. What is in no event yet is live: readers are rung for it, and may miss it.
 */
export class ArtifactStream {
  private readonly execution: Execution;
  private readonly call: OpenCall;
  private readonly artifact: NamedArtifact;
  /** The log has, or may have, something of the call: what it says now takes its place. */
  private isTold: boolean;
  private gathered = "";
  private isBegun = false;
  /** On their way into the log. */
  private unwritten: readonly { readonly text: string; readonly append: boolean }[] = [];
  private timer: Timer | null = null;

  /** `attempt`: of the call, from 1. */
  constructor(execution: Execution, call: OpenCall, artifact: NamedArtifact, attempt: number) {
    this.execution = execution;
    this.call = call;
    this.artifact = artifact;
    this.isTold = attempt > 1 || execution.journal.calls.has(call.path);
    execution.streams.add(this);
  }

  get artifactId(): string {
    return artifactOf(this.artifact, "").artifactId;
  }

  /** As of what is known to be written. Of a text that begins anew nothing while one of before is still on its way. */
  get live(): LiveText | null {
    const { execution, call, unwritten, gathered } = this;
    if (!execution.isOpen(call)) return null;
    const [first, ...more] = [...unwritten, { text: gathered, append: this.isBegun }];
    let { text } = first;
    for (const piece of more) {
      if (!piece.append || text.length >= MAX_LIVE) break;
      text += piece.text;
    }
    text = withoutHalf(text.slice(0, MAX_LIVE));
    if (text === "") return null;
    const { artifactId, name } = artifactOf(this.artifact, "");
    return { path: call.path, artifact: { artifactId, name }, append: first.append, text };
  }

  add(text: string, begin: boolean): void {
    if (begin) {
      this.gathered = "";
      this.isBegun = false;
    }
    this.gathered += text;
    if (this.gathered === "") return;
    this.timer ??= this.execution.services.senses.clock.after(GATHER_MS, () => {
      this.timer = null;
      if (this.gathered !== "") this.tell(this.gathered, false);
    });
    this.execution.services.spoke(this.execution.head);
  }

  /** `whole`: the text, where none of it was streamed. A model that only calls tools says nothing, and nobody is told of that. */
  end(whole: string): void {
    this.stop();
    const text = this.isBegun ? this.gathered : whole;
    if (text !== "" || this.isTold) this.tell(text, true);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.execution.streams.delete(this);
  }

  private tell(text: string, lastChunk: boolean): void {
    const { execution, call } = this;
    if (!execution.isOpen(call)) return;
    const { path, kind, inputHash } = call;
    const artifact = artifactOf(this.artifact, text);
    const append = this.isBegun;
    this.unwritten = [...this.unwritten, { text, append }];
    execution.append(
      {
        type: "artifact.appended",
        at: execution.services.senses.clock.now(),
        data: {
          ...{ path, kind },
          ...(inputHash === undefined ? {} : { inputHash }),
          ...{ artifact, append, lastChunk },
        },
      },
      () => {
        this.unwritten = this.unwritten.slice(1);
      },
    );
    this.isTold = true;
    this.isBegun = true;
    this.gathered = "";
  }
}

/** A character that comes in two halves comes whole: some bindings cannot carry one alone. */
const withoutHalf = (text: string): string => (/[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text);

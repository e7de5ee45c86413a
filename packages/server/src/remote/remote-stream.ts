/** A stream of a remote task while this process reads it: read in batches, and closed however the reading ends. */
import type { ReceivedFrame } from "@agentcore/a2a/client";
import { PlatformError } from "@agentcore/contract";
import type { Clock, Timer } from "@agentcore/core/ports";
import { BatchBuilder, type RemoteBatch, type RemoteTask } from "./remote-task.ts";
import { UnfinishedEvent } from "./unfinished-event.ts";

export interface ReadLimits {
  /** Milliseconds a batch collects after its first event. */
  readonly collectMs: number;
  /** Milliseconds after which a stream that says nothing is taken for dead. */
  readonly silenceMs: number;
  /** Milliseconds between two looks, whatever comes, whether the reader has something else to do, which ends the batch. @default never */
  readonly lookMs?: number | undefined;
  readonly interrupted?: (() => boolean) | undefined;
}

export class RemoteStream {
  private readonly frames: AsyncGenerator<ReceivedFrame, void>;
  private readonly controller: AbortController;
  private readonly clock: Clock;
  /** Asked for, and not read yet: a time limit must not lose it. */
  private next: Promise<IteratorResult<ReceivedFrame, void>> | null = null;
  /** Goes from batch to batch. */
  private readonly unfinished = new UnfinishedEvent();

  /** `open` gets the signal that ends the stream. */
  constructor(open: (signal: AbortSignal) => AsyncGenerator<ReceivedFrame, void>, clock: Clock) {
    this.clock = clock;
    this.controller = new AbortController();
    this.frames = open(this.controller.signal);
  }

  /** The next frame, which stays to be read. Null at the end of the stream. */
  async peek(): Promise<ReceivedFrame | null> {
    this.next ??= this.frames.next();
    const result = await this.next;
    return result.done === true ? null : result.value;
  }

  /** At least one event, or nothing when it is interrupted. Throws what the stream does; TOO_LARGE of an event that has no end. */
  async read(task: RemoteTask, limits: ReadLimits): Promise<RemoteBatch | "ended" | "silent"> {
    const { clock } = this;
    const { lookMs = Number.POSITIVE_INFINITY, interrupted = () => false } = limits;
    const batch = new BatchBuilder(task, this.unfinished);
    let until = Number.POSITIVE_INFINITY;
    let silentAt = clock.monotonic() + limits.silenceMs;
    let lookAt = clock.monotonic() + lookMs;
    while (!batch.isFull) {
      const now = clock.monotonic();
      if (now >= lookAt) {
        if (interrupted()) break;
        lookAt = now + lookMs;
      }
      const endsAt = batch.isEmpty ? silentAt : until;
      const frame = now < endsAt ? await within(clock, this.peek(), Math.min(endsAt, lookAt) - now) : "late";
      if (frame === "late") {
        if (clock.monotonic() < endsAt) continue;
        if (batch.isEmpty) return "silent";
        break;
      }
      if (frame === null) return batch.isEmpty ? "ended" : batch.build();
      this.next = null;
      silentAt = clock.monotonic() + limits.silenceMs;
      batch.addFrame(frame.response, frame.seq);
      if (until === Number.POSITIVE_INFINITY) until = clock.monotonic() + limits.collectMs;
    }
    return batch.build();
  }

  close(): void {
    this.controller.abort(new PlatformError("CANCELED", "nobody reads the stream any more"));
    this.next?.catch(() => undefined);
    this.frames.return().catch(() => undefined);
  }
}

/** "late" when it takes longer; what is waited for goes on. */
const within = async <T>(clock: Clock, work: Promise<T>, ms: number): Promise<T | "late"> => {
  let timer: Timer | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = clock.after(ms, () => resolve("late"));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
};

/**
 * What is asked of an agent about one task of it, while a process follows that task: calls, and the stream that is open. Nothing
 * here is recorded, and nothing outlives the process.
 */
import type { A2AClient, ReceivedFrame, SendAnswer } from "@agentcore/a2a/client";
import {
  type A2AMessage,
  type A2ATask,
  type Part,
  PlatformError,
  type SendMessageRequest,
  TerminalError,
} from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import { type ReadLimits, RemoteStream } from "./remote-stream.ts";
import { BatchBuilder, type RemoteBatch, type RemoteTask } from "./remote-task.ts";

/** The agent as it is now: its card may have changed since the last call. */
export interface RemoteConnection {
  readonly client: A2AClient;
  readonly streaming: boolean;
  /** Whether a message that it is sent again finds the task that it made: A2A leaves that open. */
  readonly deduplicates: boolean;
}

export interface RemoteCallsOptions {
  /** Throws what stands in the way: no card, a card that is refused, a missing credential. */
  readonly connect: () => Promise<RemoteConnection>;
  /** Aborts when the node closes. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
}

/** What a message has led to. */
export type Sent =
  | { readonly task: { readonly taskId: string; readonly contextId?: string | undefined } }
  | { readonly message: readonly Part[] };

// A connection that is half open looks like a silent one.
const READ_LIMITS: ReadLimits = { collectMs: 250, silenceMs: 120_000 };
// A stream that is taken up after a number may begin with silence, and is given up for it as such.
const RESUME_TIMEOUT_MS = 2 * READ_LIMITS.silenceMs;
// How late a message may be that was said to a task whose agent says nothing.
const LOOK_MS = 500;

export class RemoteCalls {
  private readonly options: RemoteCallsOptions;
  private readonly over: AbortSignal;
  private readonly headers: Readonly<Record<string, string>>;
  private stream: RemoteStream | null = null;
  /** Whether the agent may have a message that was begun with. */
  hasSent = false;

  /** `over`: aborts with our task. From then on it is only asked what became of a message, and canceled. */
  constructor(options: RemoteCallsOptions, over: AbortSignal, traceparent: string | undefined) {
    this.options = options;
    this.over = over;
    // It came from outside, and goes into a header.
    this.headers = traceparent === undefined || !TRACEPARENT.test(traceparent) ? {} : { traceparent };
  }

  get isStreaming(): boolean {
    return this.stream !== null;
  }

  /** Throws the reason when our task is over: a card may come after that, and nothing is begun or opened for nobody. */
  private async connect(): Promise<RemoteConnection> {
    const connection = await this.options.connect();
    this.over.throwIfAborted();
    return connection;
  }

  closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  /** Sends a message and waits for the first thing the agent says: whose task it is. Its stream, if there is one, stays open. */
  async begin(message: A2AMessage): Promise<Sent> {
    const { client, streaming, deduplicates } = await this.connect();
    this.hasSent = true;
    this.closeStream();
    if (!streaming) return this.beginWithout(client, message, this.options.closing);
    const stream = new RemoteStream(
      (signal) => client.sendStream({ message }, { headers: this.headers, signal }),
      this.options.clock,
    );
    this.stream = stream;
    let first: ReceivedFrame | null;
    try {
      first = await stream.peek();
    } catch (error) {
      this.closeStream();
      // Of a follow-up it is known whose task it is.
      if (!PlatformError.is(error) || error.code !== "TOO_LARGE" || message.taskId !== undefined) throw error;
      if (deduplicates) return this.beginWithout(client, message, this.options.closing);
      throw new TerminalError(`${error.message}; expected its task first: without that it cannot be followed`, {
        code: "TOO_LARGE",
        cause: error,
      });
    }
    if (first === null) throw new PlatformError("INVALID_AGENT_RESPONSE", "the agent's stream ended without an answer");
    const { response } = first;
    if ("statusUpdate" in response) return { task: idsOf(response.statusUpdate) };
    if ("artifactUpdate" in response) return { task: idsOf(response.artifactUpdate) };
    return sentOf(response);
  }

  /** Without a stream. */
  private async beginWithout(client: A2AClient, message: A2AMessage, signal: AbortSignal): Promise<Sent> {
    return sentOf(await client.send(withoutWaiting(message), { headers: this.headers, signal }));
  }

  /** What became of a message that may have arrived. Null at an agent that would take it for another one. */
  async sendAgain(message: A2AMessage, signal: AbortSignal): Promise<Sent | null> {
    const { client, deduplicates } = await this.options.connect();
    return deduplicates ? this.beginWithout(client, message, signal) : null;
  }

  /** A message that nothing is waited for. */
  async send(message: A2AMessage, signal: AbortSignal): Promise<void> {
    const { client } = await this.connect();
    await client.send(withoutWaiting(message), { headers: this.headers, signal });
  }

  /**
   * What comes next of its stream, which is taken up where there is none. `wasSilent`: the last batch brought nothing. `interrupted`: the
   * reader has something else to do.
   */
  async read(
    remote: RemoteTask,
    { wasSilent, interrupted, signal }: { wasSilent: boolean; interrupted: () => boolean; signal: AbortSignal },
  ): Promise<RemoteBatch> {
    const close = (): void => this.closeStream();
    signal.addEventListener("abort", close, { once: true });
    try {
      if (this.stream === null && wasSilent && remote.seq !== undefined) {
        // It also tells that the agent is there.
        const turn = await this.look(remote, signal, (batch, task) => {
          batch.addSnapshot(task);
          return batch.hasTurn ? batch.build() : null;
        });
        if (turn !== null) return turn;
      }
      this.stream ??= await this.takeUpStream(remote);
      if (this.stream === null) return await this.snapshot(remote, signal);
      const read = await this.stream.read(remote, { ...READ_LIMITS, lookMs: LOOK_MS, interrupted });
      if (read === "ended") {
        this.closeStream();
        // A node that drains ends its streams, and numbers tell where to go on. Others have nothing more to say on one.
        if (remote.seq === undefined) return await this.snapshot(remote, signal);
        throw new PlatformError("UPSTREAM_FAILED", "the agent's stream ended before the task did", { retryable: true });
      }
      // Half-open connections look like that: taken up afresh with the next batch.
      if (read === "silent") this.closeStream();
      return read === "silent" ? { updates: [] } : read;
    } catch (error) {
      this.closeStream();
      // The task as it is would bring no other end than one of ours.
      if (!PlatformError.is(error) || error instanceof TerminalError) throw error;
      // It has ended meanwhile, there is nothing to subscribe to, or an event is larger than a stream may bring.
      if (["UNSUPPORTED_OPERATION", "METHOD_NOT_FOUND", "TOO_LARGE"].includes(error.code))
        return this.snapshot(remote, signal);
      throw explain(remote, error);
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  /** After a cut, a restart or an answer. Null: what came meanwhile could be lost or come twice. */
  private async takeUpStream(remote: RemoteTask): Promise<RemoteStream | null> {
    const { client, streaming } = await this.connect();
    const { taskId: id, seq: after } = remote;
    // Whether a stream of 0.3 that is taken up begins with the task is left open.
    if (!streaming || (client.interface.version === "0.3" && after === undefined)) return null;
    const stream = new RemoteStream(
      (signal) =>
        client.subscribe(
          { id, after },
          { headers: this.headers, signal, ...(after === undefined ? {} : { timeoutMs: RESUME_TIMEOUT_MS }) },
        ),
      this.options.clock,
    );
    this.stream = stream;
    // After a number nothing comes before the next event.
    if (after !== undefined) return stream;
    const first = await stream.peek();
    if (first === null || "task" in first.response) return stream;
    this.closeStream();
    return null;
  }

  /** The task as it is, in place of its stream. */
  snapshot(remote: RemoteTask, signal: AbortSignal): Promise<RemoteBatch> {
    return this.look(remote, signal, (batch, task) => {
      batch.addSnapshot(task);
      return batch.build({ poll: true });
    });
  }

  /** The task as it is, beside what is known of it. */
  async look<T>(remote: RemoteTask, signal: AbortSignal, read: (batch: BatchBuilder, task: A2ATask) => T): Promise<T> {
    return read(new BatchBuilder(remote), await this.task(remote, signal));
  }

  async task(remote: RemoteTask, signal: AbortSignal): Promise<A2ATask> {
    const { client } = await this.connect();
    try {
      return await client.get({ id: remote.taskId, historyLength: 0 }, { headers: this.headers, signal });
    } catch (error) {
      throw explain(remote, error);
    }
  }

  /** Done as well when there is nothing left to cancel. */
  async cancel(id: string, signal: AbortSignal): Promise<void> {
    try {
      const { client } = await this.options.connect();
      await client.cancel({ id }, { headers: this.headers, signal });
    } catch (error) {
      if (PlatformError.is(error) && (error.code === "TASK_NOT_CANCELABLE" || error.code === "TASK_NOT_FOUND")) return;
      throw error;
    }
  }
}

/** Of an error about a task that the agent had: one that it knows no more is lost, not wrongly named. */
export const explain = ({ taskId }: RemoteTask, error: unknown): unknown => {
  if (!PlatformError.is(error) || error.code !== "TASK_NOT_FOUND") return error;
  return new TerminalError(`the agent does not know its task ${taskId} any more`, {
    code: "UPSTREAM_FAILED",
    cause: error,
  });
};

// W3C Trace Context, 3.2.
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const withoutWaiting = (message: A2AMessage): SendMessageRequest => ({
  message,
  configuration: { returnImmediately: true },
});

const idsOf = ({ taskId, contextId }: { readonly taskId: string; readonly contextId: string }) => ({
  taskId,
  ...(contextId === taskId ? {} : { contextId }),
});

const sentOf = (answer: SendAnswer): Sent =>
  "message" in answer
    ? { message: answer.message.parts }
    : {
        task: {
          taskId: answer.task.id,
          ...(answer.task.contextId === undefined ? {} : { contextId: answer.task.contextId }),
        },
      };

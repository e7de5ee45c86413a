/** An agent elsewhere with one task, as a client of it sees it: in memory, on the test's clock, and as bad as the test says. */
import type { A2AClient, CallOptions, ReceivedFrame } from "@agentcore/a2a/client";
import {
  type A2AMessage,
  type A2ATask,
  type A2ATaskState,
  type Part,
  PlatformError,
  type StreamResponse,
} from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import { define, EngineWorld, type WorldOptions } from "../../../core/test/engine-world.ts";
import { createRemoteRun } from "../../src/remote/remote-run.ts";
import { gate } from "./agent-to-call.ts";

type Method = "send" | "sendStream" | "get" | "cancel" | "subscribe";

export interface ScriptedCall {
  readonly method: Method;
  readonly message?: A2AMessage;
  /** Of a stream that is taken up. */
  readonly after?: number | undefined;
}

interface ScriptedOptions {
  /** Whether it numbers its events. @default false */
  readonly numbered?: boolean;
  /** @default true */
  readonly streaming?: boolean;
  /** Whether it knows a message that it is sent again. @default false */
  readonly deduplicates?: boolean;
}

// A2AClient's own.
const TIMEOUT_MS = 30_000;

export class ScriptedAgent {
  readonly calls: ScriptedCall[] = [];
  /** What has to come before it can be called: its card, for one. */
  connected: () => Promise<void> = async () => {};
  /** What a call ends with, before it has done anything. */
  refuse: (call: ScriptedCall) => PlatformError | undefined = () => undefined;
  /** What a stream ends with in place of its first frame, when the agent has begun. */
  cutFirst: (call: ScriptedCall) => PlatformError | undefined = () => undefined;
  /** Streams say nothing, whatever happens. */
  mute = false;
  /** Events have no number, although others had one. */
  forgetsNumbers = false;
  /** What happens while a message that nothing is waited for is on its way. */
  onTheWay: () => Promise<void> = async () => {};
  openStreams = 0;
  private held: Promise<void> = Promise.resolve();
  private cuts = 0;
  private readonly task: A2ATask = { id: "far-1", contextId: "far-c", status: { state: "TASK_STATE_SUBMITTED" } };
  private readonly frames: ReceivedFrame[] = [];
  private readonly options: ScriptedOptions;
  private readonly clock: () => Clock;
  private seq = 1;
  private readonly waiting = new Set<() => void>();

  constructor(clock: () => Clock, options: ScriptedOptions = {}) {
    this.clock = clock;
    this.options = options;
  }

  get streaming(): boolean {
    return this.options.streaming !== false;
  }

  get deduplicates(): boolean {
    return this.options.deduplicates === true;
  }

  seen(method: Method): readonly ScriptedCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  artifact(text: string, artifactId = "out"): void {
    const parts = [{ text }];
    const before = this.task.artifacts?.find((artifact) => artifact.artifactId === artifactId);
    if (before === undefined) (this.task.artifacts ??= []).push({ artifactId, parts: [...parts] });
    else before.parts = [...before.parts, ...parts];
    this.tell({ artifactUpdate: { ...this.ids, artifact: { artifactId, parts }, append: before !== undefined } });
  }

  status(state: A2ATaskState, text?: string): void {
    const parts: Part[] = text === undefined ? [] : [{ text }];
    this.seq += 1;
    this.task.status = {
      state,
      ...(text === undefined ? {} : { message: { messageId: `s${this.seq}`, role: "ROLE_AGENT", parts } }),
    };
    this.seq -= 1;
    this.tell({ statusUpdate: { ...this.ids, status: this.task.status } });
  }

  /** Something that nobody is told of, but that has a number. */
  unseen(): void {
    this.seq += 1;
  }

  /** Streams that begin from here on say nothing until it is released. */
  hold(): { readonly release: () => void } {
    const { release, opened } = gate();
    this.held = opened;
    return { release };
  }

  /** Loses every stream that is open. */
  cut(): void {
    this.cuts += 1;
    this.wake();
  }

  readonly client: A2AClient = {
    interface: { url: "https://far.test/rpc", binding: "JSONRPC", version: "1.0" },
    send: async ({ message }) => {
      this.enter({ method: "send", message });
      await this.onTheWay();
      return { task: this.snapshot() };
    },
    sendStream: ({ message }, options) => {
      const call = { method: "sendStream", message } as const;
      return this.stream(call, options, () => ({ response: { task: this.snapshot() }, ...this.numberOf(this.seq) }));
    },
    get: async () => {
      this.enter({ method: "get" });
      return this.snapshot();
    },
    cancel: async () => {
      this.enter({ method: "cancel" });
      this.status("TASK_STATE_CANCELED");
      return this.snapshot();
    },
    subscribe: ({ after }, options) =>
      this.stream({ method: "subscribe", after }, options, () =>
        after === undefined ? { response: { task: this.snapshot() }, ...this.numberOf(this.seq) } : null,
      ),
  };

  private get ids() {
    return { taskId: this.task.id, contextId: this.task.contextId ?? "" };
  }

  private snapshot(): A2ATask {
    return structuredClone(this.task);
  }

  private numberOf(seq: number): { readonly seq?: number } {
    return this.options.numbered === true ? { seq } : {};
  }

  private enter(call: ScriptedCall): void {
    this.calls.push(call);
    const refused = this.refuse(call);
    if (refused !== undefined) throw refused;
  }

  private tell(response: StreamResponse): void {
    this.seq += 1;
    const number = this.forgetsNumbers ? {} : this.numberOf(this.seq);
    this.frames.push({ response: structuredClone(response), ...number });
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
  }

  private async *stream(
    call: ScriptedCall,
    { signal, timeoutMs = TIMEOUT_MS }: CallOptions = {},
    first: () => ReceivedFrame | null,
  ): AsyncGenerator<ReceivedFrame, void> {
    this.enter(call);
    this.openStreams += 1;
    const { cuts } = this;
    let over: PlatformError | null = null as PlatformError | null;
    const aborted = gate();
    const end = (reason: unknown): void => {
      over = PlatformError.from(reason);
      this.wake();
    };
    const late = new PlatformError("UPSTREAM_FAILED", `no answer within ${timeoutMs} ms`, { retryable: true });
    const timer = this.clock().after(timeoutMs, () => end(late));
    const abort = (): void => {
      aborted.release();
      end(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.held, aborted.opened]);
      if (signal?.aborted === true) throw PlatformError.from(signal.reason);
      const cut = this.cutFirst(call);
      if (cut !== undefined) throw cut;
      const { after } = call;
      let next = this.frames.length;
      if (after !== undefined) next = this.frames.findIndex(({ seq }) => seq !== undefined && seq > after);
      if (next < 0) next = this.frames.length;
      const snapshot = first();
      if (snapshot !== null) {
        timer.cancel();
        yield snapshot;
      }
      for (;;) {
        if (over !== null) throw over;
        if (this.cuts > cuts) throw new PlatformError("UPSTREAM_FAILED", "cut", { retryable: true });
        const frame = this.mute ? undefined : this.frames[next];
        if (frame === undefined) await this.woken();
        else {
          timer.cancel();
          next += 1;
          yield frame;
        }
      }
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      this.openStreams -= 1;
    }
  }

  private async woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
    });
  }
}

/** The engine, with an agent `far` that calls a scripted one. */
export const openFarWorld = (
  scripted: ScriptedOptions = {},
  options: WorldOptions = {},
): { readonly world: EngineWorld; readonly agent: ScriptedAgent } => {
  const agent: ScriptedAgent = new ScriptedAgent(() => world.clock, scripted);
  const world: EngineWorld = new EngineWorld(
    [
      define("far", (task, ctx) =>
        createRemoteRun({
          agent: "far",
          connect: async () => {
            await agent.connected();
            return { client: agent.client, streaming: agent.streaming, deduplicates: agent.deduplicates };
          },
          closing: new AbortController().signal,
          clock: world.clock,
        })(task, ctx),
      ),
    ],
    options,
  );
  return { world, agent };
};

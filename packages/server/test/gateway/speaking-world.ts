/** A gateway before an engine whose models say what the test says, and clients of it that put together what they are told. */
import type { A2AMessage, Artifact, StreamResponse, TaskEvent } from "@agentcore/contract";
import type { Context, ModelResponse } from "@agentcore/contract/authoring";
import type { ModelCall } from "@agentcore/core/ports";
import { type TaskService, viewTask } from "@agentcore/core/tasks";
import { define, EngineWorld, type WorldOptions } from "../../../core/test/engine-world.ts";
import { createFixture, describeAgent, readSse } from "./gateway-fixture.ts";

// Whom the gateway takes a caller for who says nothing.
const CALLER = { tenantId: "default", caller: "local", operator: true };

/** A call that a model has not answered yet. */
export interface Asked {
  readonly call: ModelCall;
  answer(text: string): void;
  fail(error: unknown): void;
}

export class SpeakingWorld {
  readonly world: EngineWorld;
  readonly fixture: ReturnType<typeof createFixture>;
  /** Of the calls so far the last. */
  asked: Asked | null = null;
  taskId = "";

  constructor(run: (ctx: Context) => Promise<unknown>, options: WorldOptions = {}) {
    this.world = new EngineWorld([define("writer", (_task, ctx) => run(ctx), { model: "m" })], {
      models: {
        generate: (_request, call) =>
          new Promise((resolve, reject) => {
            const answer = (text: string): void => resolve({ response: { ...ANSWER, text } });
            this.asked = { call, answer, fail: reject };
          }),
        grant: async () => {},
      },
      ...options,
    });
    const tasks = new Proxy({} as TaskService, {
      get:
        (_, name: keyof TaskService) =>
        async (...given: unknown[]) => {
          const { service } = await this.world.alive();
          return (service[name] as (...given: unknown[]) => unknown)(...given);
        },
    });
    this.fixture = createFixture({ tasks }, [describeAgent("writer")]);
  }

  /** Begins the task. */
  async begin(): Promise<void> {
    const { service } = await this.world.alive();
    const submitted = service.submit(CALLER, { target: { agent: "writer" }, message: GO });
    await this.world.quiet();
    this.taskId = (await submitted).taskId;
  }

  /** Sent, and perhaps lost with the process. */
  async signal(payload: string): Promise<void> {
    const { service } = await this.world.alive();
    service.signal(CALLER, this.taskId, { name: "do", payload }).catch(() => {});
    await this.world.quiet();
  }

  /** Asked for, and perhaps lost with the process. */
  async cancel(): Promise<void> {
    const { service } = await this.world.alive();
    service.cancel(CALLER, this.taskId).catch(() => {});
    await this.world.quiet();
  }

  log(): Promise<readonly TaskEvent[]> {
    return this.world.store.readLog({ tenantId: CALLER.tenantId, taskId: this.taskId });
  }

  async textsOfLog(): Promise<Texts> {
    return textsOf(viewTask(this.taskId, await this.log()).artifacts ?? []);
  }
}

const GO: A2AMessage = { messageId: "go", role: "ROLE_USER", parts: [{ text: "go" }] };
const ANSWER: ModelResponse = {
  text: "",
  toolCalls: [],
  finishReason: "stop",
  usage: { inputTokens: 1, outputTokens: 1 },
};

/** Text of each artifact, by its id. */
export type Texts = Readonly<Record<string, string>>;

const textOf = ({ parts }: Artifact): string => parts.map(({ text }) => text ?? "").join("");

const textsOf = (artifacts: readonly Artifact[]): Texts =>
  Object.fromEntries(artifacts.map((artifact) => [artifact.artifactId, textOf(artifact)]));

interface Seen {
  readonly id: string | undefined;
  readonly texts: Texts;
}

/** Subscribes over JSON-RPC, and knows no more than A2A says: a task replaces what it has, `append` adds to it. */
export class Listener {
  private readonly speaking: SpeakingWorld;
  texts: Texts = {};
  /** What it had after each frame that had an id. */
  seen: Seen[] = [{ id: undefined, texts: {} }];
  /** Each frame as it came, for who asserts on them. */
  readonly frames: { readonly id: string | undefined; readonly response: StreamResponse }[] = [];
  isOver = false;
  private stop: () => void = () => {};
  private paused: Promise<void> | null = null;
  private goOn: () => void = () => {};
  private hear: () => void = () => {};

  constructor(speaking: SpeakingWorld) {
    this.speaking = speaking;
  }

  /** Takes nothing from its connection until `resume`. */
  pause(): void {
    this.paused ??= new Promise((resolve) => {
      this.goOn = resolve;
    });
  }

  resume(): void {
    this.paused = null;
    this.goOn();
  }

  /** Goes on from a frame that it has seen, as if it had seen nothing of the last `back` frames with an id. */
  async connect(back = 0): Promise<void> {
    this.disconnect();
    if (this.isOver) return;
    const { id, texts } = this.seen[Math.max(0, this.seen.length - 1 - back)] ?? { id: undefined, texts: {} };
    this.texts = texts;
    let isCurrent = true;
    const { rpc } = this.speaking.fixture;
    const headers: Record<string, string> = id === undefined ? {} : { "last-event-id": id };
    const answered = rpc("SubscribeToTask", { id: this.speaking.taskId }, { path: "/a2a/writer", headers });
    this.stop = () => {
      isCurrent = false;
      answered.then(({ body }) => body?.cancel()).catch(() => {});
    };
    void answered.then(async (response) => {
      // It has ended, and nothing came after what this client has.
      if (response.headers.get("content-type") !== "text/event-stream") {
        if (isCurrent) await this.get();
        return;
      }
      const sse = readSse(response);
      this.stop = () => {
        isCurrent = false;
        void sse.cancel();
      };
      if (!isCurrent) return sse.cancel();
      for (;;) {
        while (isCurrent && this.paused !== null) await this.paused;
        const frame = await sse.next();
        if (!isCurrent || frame === null) break;
        if (frame.data !== undefined) this.take(frame.id, frame.data.result);
      }
    });
    await this.speaking.world.quiet();
  }

  /** Resolves when it was told of that many frames. */
  async heard(count: number): Promise<void> {
    while (this.frames.length < count)
      await new Promise<void>((resolve) => {
        this.hear = resolve;
      });
  }

  disconnect(): void {
    this.stop();
    this.stop = () => {};
  }

  private async get(): Promise<void> {
    const { rpc } = this.speaking.fixture;
    const { result } = await (await rpc("GetTask", { id: this.speaking.taskId }, { path: "/a2a/writer" })).json();
    this.take(undefined, { task: result });
  }

  private take(id: string | undefined, response: StreamResponse): void {
    this.frames.push({ id, response });
    if ("task" in response) {
      this.texts = textsOf(response.task.artifacts ?? []);
      this.isOver = isEnd(response.task.status.state);
    } else if ("artifactUpdate" in response) {
      const { artifact, append } = response.artifactUpdate;
      const before = append === true ? (this.texts[artifact.artifactId] ?? "") : "";
      this.texts = { ...this.texts, [artifact.artifactId]: before + textOf(artifact) };
    } else if ("statusUpdate" in response) this.isOver = isEnd(response.statusUpdate.status.state);
    if (id !== undefined) this.seen.push({ id, texts: this.texts });
    this.hear();
  }
}

const isEnd = (state: string): boolean => /_(COMPLETED|FAILED|CANCELED|REJECTED)$/.test(state);

/** A foreign agent for tests: the SDK's own server, in memory, behind an HTTP server that can be told to cut connections. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentCard, Message, Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
  UnauthenticatedUser,
} from "@a2a-js/sdk/server";

const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";

export interface SeenCall {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What a scripted agent may do; each is an event of its task. */
export interface Play {
  readonly taskId: string;
  readonly contextId: string;
  /** The text of the message that began this turn. */
  readonly said: string;
  /** Turns before this one. */
  readonly turn: number;
  working(text?: string): void;
  artifact(id: string, text: string, options?: { readonly append?: boolean; readonly name?: string }): void;
  end(
    state: "COMPLETED" | "FAILED" | "REJECTED" | "INPUT_REQUIRED" | "AUTH_REQUIRED" | "CANCELED",
    text?: string,
    data?: unknown,
  ): void;
  message(text: string): void;
}

export interface AgentServer {
  readonly url: string;
  readonly cardUrl: string;
  readonly calls: SeenCall[];
  readonly cardRequests: IncomingHttpHeaders[];
  readonly canceled: string[];
  /** Ends every connection that is open. */
  cut(): void;
  /** Answers each request with this until told otherwise. */
  failWith(status: number | null, headers?: Readonly<Record<string, string>>): void;
  /** Changes the card as it is served. */
  card: (card: Record<string, unknown>) => Record<string, unknown>;
  close(): Promise<void>;
}

export const startAgentServer = async (
  play: (play: Play) => Promise<void> | void,
  options: {
    readonly version?: "1.0" | "0.3";
    readonly streaming?: boolean;
    /** Whether it numbers its events, and takes a stream up after a number. */
    readonly numbered?: boolean;
  } = {},
): Promise<AgentServer> => {
  const { version = "1.0", streaming = true, numbered = false } = options;
  const logs = new Map<string, FrameLog>();
  const canceled: string[] = [];
  const turns = new Map<string, number>();
  const underWay = new Map<string, number>();
  const executor: AgentExecutor = {
    async execute(context, bus) {
      const turn = turns.get(context.taskId) ?? 0;
      turns.set(context.taskId, turn + 1);
      underWay.set(context.taskId, (underWay.get(context.taskId) ?? 0) + 1);
      await play(playOf(context, bus, turn));
      const left = (underWay.get(context.taskId) ?? 1) - 1;
      underWay.set(context.taskId, left);
      // It would end the streams of the others too.
      if (left === 0) bus.finished();
    },
    async cancelTask(taskId, bus) {
      canceled.push(taskId);
      bus.publish(statusOf(taskId, "", "CANCELED"));
      bus.finished();
    },
  };
  const calls: SeenCall[] = [];
  const cardRequests: IncomingHttpHeaders[] = [];
  let failure: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | null = null;
  const server: Server = createServer((request, response) => {
    void answer().catch(() => response.destroy());
    async function answer(): Promise<void> {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      if (request.url?.startsWith("/.well-known/agent-card.json") === true) {
        cardRequests.push(request.headers);
        if (failure !== null) return void response.writeHead(failure.status, failure.headers).end("{}");
        const card = JSON.stringify(handle.card(cardJson()));
        response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=0" }).end(card);
        return;
      }
      if (request.url !== "/rpc") return void response.writeHead(404).end();
      const body = JSON.parse(text) as { id: unknown; method: string; params: Record<string, unknown> };
      calls.push({ method: body.method, headers: request.headers, params: body.params });
      if (failure !== null) return void response.writeHead(failure.status, failure.headers).end("{}");
      const after = request.headers["last-event-id"];
      const log = logs.get(String(body.params["id"]));
      if (after !== undefined && log !== undefined) return write(response, log.after(Number(after), body.id), body.id);
      const rpc = version === "1.0" ? new JsonRpcTransportHandler(handler) : new LegacyJsonRpcTransportHandler(handler);
      const result = await rpc.handle(
        body,
        new ServerCallContext({ user: new UnauthenticatedUser(), requestedVersion: version }),
      );
      await write(response, numbered ? noteFrames(result, logs) : result, body.id);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const cardJson = (): Record<string, unknown> => ({
    name: "Echo",
    description: "Says what it is told",
    version: "1",
    capabilities: { streaming, ...(numbered ? { extensions: [{ uri: RESUMABLE_STREAMS }] } : {}) },
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "echo", name: "Echo", description: "Says it again", tags: ["echo"] }],
    ...(version === "1.0"
      ? { supportedInterfaces: [{ url: `${url}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }] }
      : { url: `${url}/rpc`, preferredTransport: "JSONRPC", protocolVersion: "0.3.0" }),
  });
  const handler = new DefaultRequestHandler(
    AgentCard.fromJSON({
      ...cardJson(),
      supportedInterfaces: [{ url: `${url}/rpc`, protocolBinding: "JSONRPC", protocolVersion: version }],
    }),
    new InMemoryTaskStore(),
    executor,
  );
  const handle: AgentServer = {
    url,
    cardUrl: `${url}/.well-known/agent-card.json`,
    calls,
    cardRequests,
    canceled,
    cut: () => server.closeAllConnections(),
    failWith: (status, headers = {}) => {
      failure = status === null ? null : { status, headers };
    },
    card: (card) => card,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return handle;
};

/** The frames of a task's first stream, each with its number. */
class FrameLog {
  private readonly frames: object[] = [];
  private isEnded = false;
  private tell = (): void => {};

  add(result: object): object {
    const [[member, value] = ["", {}]] = Object.entries(result) as [string, object][];
    const seq = this.frames.length + 1;
    const frame = { [member]: { ...value, metadata: { [RESUMABLE_STREAMS]: { seq } } } };
    this.frames.push(frame);
    this.tell();
    return frame;
  }

  end(): void {
    this.isEnded = true;
    this.tell();
  }

  async *after(seq: number, id: unknown): AsyncGenerator<unknown> {
    for (let next = seq; ; next++) {
      while (this.frames.length <= next && !this.isEnded)
        await new Promise<void>((resolve) => {
          this.tell = resolve;
        });
      const result = this.frames[next];
      if (result === undefined) return;
      yield { jsonrpc: "2.0", id, result };
    }
  }
}

const noteFrames = (result: unknown, logs: Map<string, FrameLog>): unknown => {
  if (typeof result !== "object" || result === null || !(Symbol.asyncIterator in result)) return result;
  return (async function* () {
    const log = new FrameLog();
    for await (const frame of result as AsyncIterable<{
      readonly result: { readonly task?: { readonly id: string } };
    }>) {
      const { task } = frame.result;
      if (task !== undefined) logs.set(task.id, log);
      yield { ...frame, result: log.add(frame.result) };
    }
    log.end();
  })();
};

const write = async (response: ServerResponse, result: unknown, id: unknown): Promise<void> => {
  if (typeof result !== "object" || result === null || !(Symbol.asyncIterator in result))
    return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
  const frames = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  let next: IteratorResult<unknown>;
  try {
    next = await frames.next();
  } catch (thrown) {
    const error = JsonRpcTransportHandler.mapToJSONRPCError(thrown);
    return void response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ jsonrpc: "2.0", id, error }));
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  // To the end also when nobody listens: the SDK stores what it is asked for.
  for (; next.done !== true; next = await frames.next())
    if (!response.destroyed) response.write(`data: ${JSON.stringify(next.value)}\n\n`);
  response.end();
};

const statusOf = (taskId: string, contextId: string, state: string, text?: string, data?: unknown) =>
  AgentEvent.statusUpdate(
    TaskStatusUpdateEvent.fromJSON({
      taskId,
      contextId,
      status: {
        state: `TASK_STATE_${state}`,
        timestamp: new Date().toISOString(),
        ...(text === undefined ? {} : { message: agentMessage(taskId, contextId, text, data) }),
      },
    }),
  );

let messages = 0;
const agentMessage = (taskId: string, contextId: string, text: string, data?: unknown) => ({
  messageId: `agent-${++messages}`,
  taskId,
  contextId,
  role: "ROLE_AGENT",
  parts: [{ text }, ...(data === undefined ? [] : [{ data }])],
});

const playOf = (context: RequestContext, bus: ExecutionEventBus, turn: number): Play => {
  const { taskId, contextId, userMessage, task } = context;
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    bus.publish(
      AgentEvent.task(
        task ??
          Task.fromJSON({
            id: taskId,
            contextId,
            status: { state: "TASK_STATE_SUBMITTED" },
            history: [Message.toJSON(userMessage)],
          }),
      ),
    );
  };
  const part = userMessage.parts[0]?.content;
  return {
    taskId,
    contextId,
    turn,
    said: part?.$case === "text" ? part.value : JSON.stringify(part?.value),
    working(text) {
      begin();
      bus.publish(statusOf(taskId, contextId, "WORKING", text));
    },
    artifact(artifactId, text, { append = false, name } = {}) {
      begin();
      bus.publish(
        AgentEvent.artifactUpdate(
          TaskArtifactUpdateEvent.fromJSON({
            taskId,
            contextId,
            append,
            artifact: { artifactId, parts: [{ text }], ...(name === undefined ? {} : { name }) },
          }),
        ),
      );
    },
    end(state, text, data) {
      begin();
      bus.publish(statusOf(taskId, contextId, state, text, data));
    },
    message: (text) => bus.publish(AgentEvent.message(Message.fromJSON(agentMessage("", contextId, text)))),
  };
};

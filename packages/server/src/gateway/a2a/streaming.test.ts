import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../../test/gateway/collect-garbage.ts";
import { BASE, createFixture, readSse, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { eventStreamOf } from "../http/server-sent-events.ts";

const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";
const ARTIFACT = (text: string, append: boolean) => ({
  type: "artifact.appended" as const,
  data: { path: "a", kind: "artifact", artifact: { artifactId: "a", parts: [{ text }] }, append, lastChunk: false },
});
const DONE = { type: "task.completed" as const, data: { output: "done" } };
const kinds = (frames: { result?: object }[]) => frames.map((frame) => Object.keys(frame.result ?? frame)[0]);
const settle = () => new Promise((resolve) => setTimeout(resolve, 15));

describe("streams", () => {
  it("CORE-STREAM-001..003: the task first, then updates in log order, closed at the end, each frame a JSON-RPC answer", async () => {
    const { rpc } = createFixture();
    const response = await rpc("SendStreamingMessage", userMessage("hi"), { id: "abc" });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const frames = await readSse(response).all();
    expect(kinds(frames)).toEqual(["task", "statusUpdate", "artifactUpdate", "statusUpdate"]);
    expect(frames.every((frame) => frame.id === "abc" && frame.jsonrpc === "2.0")).toBe(true);
    expect(frames.at(-1).result.statusUpdate.status.state).toBe("TASK_STATE_COMPLETED");
  });

  it("frames carry the event's number once the event is complete", async () => {
    const { rpc } = createFixture();
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("hi")));
    const ids = [];
    for (let frame = await sse.next(); frame !== null; frame = await sse.next()) ids.push(frame.id);
    expect(ids).toEqual(["1", "2", undefined, "3"]);
  });

  it("STREAM-ORDER-001..004: all streams of a task get every event; closing one harms none", async () => {
    const { rpc, tasks } = createFixture();
    const sender = readSse(await rpc("SendStreamingMessage", userMessage("hold")));
    expect(kinds([(await sender.next())?.data])).toEqual(["task"]);
    const watcher = readSse(await rpc("SubscribeToTask", { id: "task-1" }));
    expect((await watcher.next())?.data.result.task.status.state).toBe("TASK_STATE_WORKING");
    await sender.cancel();
    tasks.append("task-1", ARTIFACT("1", false), ARTIFACT("2", true), DONE);
    expect(kinds(await watcher.all())).toEqual(["artifactUpdate", "artifactUpdate", "artifactUpdate", "statusUpdate"]);
    expect(tasks.cancels).toBe(0);
  });

  it("the sending stream ends at INPUT_REQUIRED and stays through AUTH_REQUIRED", async () => {
    const { rpc, tasks } = createFixture();
    const asked = await readSse(await rpc("SendStreamingMessage", userMessage("ask"))).all();
    expect(asked.at(-1).result.statusUpdate.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("authorize")));
    await sse.next();
    tasks.append("task-2", { type: "task.resumed", data: { reason: "auth" } }, DONE);
    expect((await sse.all()).at(-1).result.statusUpdate.status.state).toBe("TASK_STATE_COMPLETED");
  });

  it("STREAM-SUB-002: a subscription stays open through INPUT_REQUIRED", async () => {
    const { rpc, result, tasks } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    const sse = readSse(await rpc("SubscribeToTask", { id: task.id }));
    expect((await sse.next())?.data.result.task.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    await result("SendMessage", userMessage("red", { taskId: task.id }));
    expect((await sse.all()).at(-1).result.statusUpdate.status.state).toBe("TASK_STATE_COMPLETED");
    expect(tasks.readers).toBe(0);
  });

  it("an open stream keeps nothing of the request that opened it", async () => {
    const { gateway, rpc, tasks } = createFixture();
    await rpc("SendMessage", { ...userMessage("hold"), configuration: { returnImmediately: true } });
    const init = { method: "POST", headers: { "content-type": "application/json", "a2a-version": "1.0" } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SubscribeToTask", params: { id: "task-1" } });
    const requests: WeakRef<Request>[] = [];
    const open = (): Promise<Response> => {
      const request = new Request(`${BASE}/a2a/echo`, { ...init, body });
      requests.push(new WeakRef(request));
      return gateway.fetch(request);
    };
    const responses = await Promise.all([open(), open(), open()]);
    for (const response of responses) eventStreamOf(response)?.leaveSignal();
    expect(tasks.readers).toBe(3);
    await turn();
    collectGarbage();
    expect(requests.map((request) => request.deref())).toEqual([undefined, undefined, undefined]);
    for (const response of responses) await response.body?.cancel();
  });

  it("is refused for what its caller does not read before anything is stored, and never after", async () => {
    const { gateway, rpc, result, call, tasks } = createFixture({
      settings: { maxPendingAnswerBytesPerCaller: 100_000 },
    });
    const { task } = await result("SendMessage", userMessage("ask"));
    const holdAnswer = (bytes: number) => gateway.holdAnswer(new Request(BASE), bytes);
    const almost = await holdAnswer(90_000);
    const begun = readSse(await rpc("SendStreamingMessage", userMessage("y".repeat(20_000))));
    expect(tasks.tasks.size).toBe(2);
    // With its piece there is more than may be.
    await expect(holdAnswer(20_000)).rejects.toMatchObject({ code: "OVERLOADED" });
    expect((await begun.all()).at(-1).result.statusUpdate.status.state).toBe("TASK_STATE_COMPLETED");
    almost();
    const release = await holdAnswer(100_000);
    const requests = [
      () => rpc("SendStreamingMessage", userMessage("more")),
      () => rpc("SendStreamingMessage", userMessage("red", { taskId: task.id })),
      () => rpc("SubscribeToTask", { id: task.id }),
      () => call(`/api/v1/tasks/${task.id}/events`, { headers: { accept: "text/event-stream" } }),
    ];
    for (const request of requests) {
      const response = await request();
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, "1"]);
    }
    expect([tasks.tasks.size, tasks.sent, gateway.openStreams]).toEqual([2, [], 0]);
    release();
    expect((await requests[0]?.())?.status).toBe(200);
  });

  it("a follow-up's stream begins with the task and shows what the message caused", async () => {
    const { rpc, result } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    const frames = await readSse(await rpc("SendStreamingMessage", userMessage("red", { taskId: task.id }))).all();
    expect(kinds(frames)).toEqual(["task", "statusUpdate", "artifactUpdate", "statusUpdate"]);
  });

  it("STREAM-SUB-003, STREAM-SUB-004: ended and unknown tasks are refused without a stream", async () => {
    const { rpc, result, get } = createFixture();
    const { task } = await result("SendMessage", userMessage("x"));
    const ended = await rpc("SubscribeToTask", { id: task.id });
    expect(ended.headers.get("content-type")).toBe("application/json");
    expect((await ended.json()).error.code).toBe(-32004);
    expect((await (await rpc("SubscribeToTask", { id: "nobody" })).json()).error.code).toBe(-32001);
    expect((await get("/a2a/echo/tasks/nobody:subscribe")).status).toBe(404);
  });

  it("with the extension each frame that completes an event says its number, and going on after any of them gives the rest", async () => {
    const { rpc, post, tasks } = createFixture();
    const headers = { "a2a-extensions": RESUMABLE_STREAMS };
    const numbers = (frames: readonly unknown[]) =>
      frames.map((frame) => {
        const response = ((frame as { result?: unknown }).result ?? frame) as Record<string, { metadata?: object }>;
        const [carried] = Object.values(response);
        return (carried?.metadata as Record<string, { seq: number }> | undefined)?.[RESUMABLE_STREAMS]?.seq;
      });
    const sent = await rpc("SendStreamingMessage", userMessage("hi"), { headers });
    expect(sent.headers.get("a2a-extensions")).toBe(RESUMABLE_STREAMS);
    const all = await readSse(sent).all();
    expect(numbers(all)).toEqual([1, 2, undefined, 3]);
    for (const [seen, rest] of [
      [1, all.slice(1)],
      [2, all.slice(2)],
    ] as const) {
      const more = { headers: { ...headers, "last-event-id": String(seen) } };
      const resumed = await readSse(await rpc("SubscribeToTask", { id: "task-1" }, more)).all();
      expect(resumed.map((frame) => frame.result)).toEqual(rest.map((frame) => frame.result));
      const bare = await readSse(await post("/a2a/echo/tasks/task-1:subscribe", {}, more.headers)).all();
      expect(bare).toEqual(rest.map((frame) => frame.result));
    }
    expect(tasks.tasks.size).toBe(1);
  });

  it("without the extension nothing is added to what is carried", async () => {
    const { rpc } = createFixture();
    const frames = await readSse(await rpc("SendStreamingMessage", userMessage("hi"))).all();
    expect(JSON.stringify(frames)).not.toContain("agentcore.dev");
  });

  it("Last-Event-ID replays what came after it, also when the task ended meanwhile", async () => {
    const { rpc, tasks } = createFixture();
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("hold")));
    await sse.next();
    await sse.cancel();
    tasks.append("task-1", ARTIFACT("1", false), DONE);
    const resumed = await readSse(
      await rpc("SubscribeToTask", { id: "task-1" }, { headers: { "last-event-id": "2" } }),
    ).all();
    expect(kinds(resumed)).toEqual(["artifactUpdate", "artifactUpdate", "statusUpdate"]);
    const late = await rpc("SubscribeToTask", { id: "task-1" }, { headers: { "last-event-id": "4" } });
    expect((await late.json()).error.code).toBe(-32004);
  });

  it("sends heartbeats while nothing happens, and releases everything when the client goes", async () => {
    const { rpc, tasks, gateway } = createFixture({ settings: { heartbeatMs: 5 } });
    const controller = new AbortController();
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("hold"), { signal: controller.signal }));
    const seen = [];
    for (let index = 0; index < 3; index += 1) seen.push(await sse.next());
    expect(seen.at(-1)).toEqual({ comment: "heartbeat" });
    expect(gateway.openStreams).toBe(1);
    await sse.cancel();
    await settle();
    expect(gateway.openStreams).toBe(0);
    expect(tasks.readers).toBe(0);
  });

  it("reads the log no faster than the client takes it", async () => {
    const { rpc, tasks } = createFixture();
    const response = await rpc("SendStreamingMessage", userMessage("hold"));
    tasks.append("task-1", ...Array.from({ length: 1000 }, (_, index) => ARTIFACT(String(index), true)));
    let read = 0;
    const original = tasks.tasks.get("task-1")?.events ?? [];
    const counting = new Proxy(original, {
      get(target, key, receiver) {
        if (typeof key === "string" && /^\d+$/.test(key)) read += 1;
        return Reflect.get(target, key, receiver);
      },
    });
    Object.defineProperty(tasks.tasks.get("task-1"), "events", { value: counting });
    const sse = readSse(response);
    for (let index = 0; index < 5; index += 1) await sse.next();
    await settle();
    expect(read).toBeLessThan(50);
    await sse.cancel();
  });

  it("one stream too many is refused before anything is stored", async () => {
    const { rpc, tasks, gateway } = createFixture({ settings: { maxStreams: 1 } });
    const first = readSse(await rpc("SendStreamingMessage", userMessage("hold")));
    const refused = await rpc("SendStreamingMessage", userMessage("hold"));
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(tasks.tasks.size).toBe(1);
    gateway.drain();
    await first.all();
    expect(gateway.openStreams).toBe(0);
  });

  it("one caller's streams leave room for the others', and come free as they end", async () => {
    const keys = { ann: "a".repeat(20), bob: "b".repeat(20) };
    const { rpc, get, tasks } = createFixture({
      apiKeys: parseApiKeys([`${keys.ann} caller=ann`, `${keys.bob} caller=bob`]),
      settings: { maxStreams: 3, maxStreamsPerCaller: 2 },
    });
    const open = (key: string) =>
      rpc("SendStreamingMessage", userMessage("hold"), { headers: { authorization: `Bearer ${key}` } });
    const streams = [readSse(await open(keys.ann)), readSse(await open(keys.ann))];
    const refused = await open(keys.ann);
    expect([refused.status, (await refused.json()).error.message]).toEqual([429, "ann already has 2 streams"]);
    const events = await get("/api/v1/tasks/task-1/events", {
      authorization: `Bearer ${keys.ann}`,
      accept: "text/event-stream",
    });
    expect(events.status).toBe(429);
    expect(tasks.tasks.size).toBe(2);
    streams.push(readSse(await open(keys.bob)));
    expect((await (await open(keys.bob)).json()).error.message).toBe("this node already serves 3 streams");
    await streams[0]?.cancel();
    streams.push(readSse(await open(keys.bob)));
    await Promise.all(streams.map((stream) => stream.cancel()));
  });

  it("a stream that fails before it begins gives its place back", async () => {
    const { rpc, gateway } = createFixture({ settings: { maxStreams: 1 } });
    expect((await (await rpc("SubscribeToTask", { id: "nobody" })).json()).error.code).toBe(-32001);
    expect(gateway.openStreams).toBe(0);
  });

  it("calls that wait are limited like streams, and refused before anything is stored; a cancel never is", async () => {
    const { rpc, post, tasks } = createFixture({ settings: { maxWaitsPerCaller: 1 } });
    const controller = new AbortController();
    const waiting = rpc("SendMessage", userMessage("hold"), { signal: controller.signal });
    await expect.poll(() => tasks.tasks.size).toBe(1);
    expect((await rpc("SendMessage", userMessage("x"))).status).toBe(429);
    expect((await post("/a2a/echo/message:send", userMessage("x"))).status).toBe(429);
    expect((await post("/api/v1/tasks", { target: "agent:echo", input: "x", wait: true })).status).toBe(429);
    expect(tasks.tasks.size).toBe(1);
    const immediate = { ...userMessage("hold"), configuration: { returnImmediately: true } };
    expect((await rpc("SendMessage", immediate)).status).toBe(200);
    expect((await (await rpc("CancelTask", { id: "task-1" })).json()).result.id).toBe("task-1");
    controller.abort();
    expect((await (await waiting).json()).result.task.id).toBe("task-1");
    expect((await rpc("SendMessage", userMessage("x"))).status).toBe(200);
  });

  it("REST streams bare responses; subscribe is taken by GET and POST", async () => {
    const { post, get, tasks } = createFixture();
    const sse = readSse(await post("/a2a/echo/message:stream", userMessage("hold")));
    expect(Object.keys((await sse.next())?.data)).toEqual(["task"]);
    const watchers = [
      await get("/a2a/echo/tasks/task-1:subscribe"),
      await post("/a2a/echo/tasks/task-1:subscribe", {}),
    ];
    const opened = watchers.map(readSse);
    for (const watcher of opened) expect(Object.keys((await watcher.next())?.data)).toEqual(["task"]);
    tasks.append("task-1", DONE);
    for (const watcher of [...opened, sse]) expect(kinds(await watcher.all()).at(-1)).toBe("statusUpdate");
  });
});

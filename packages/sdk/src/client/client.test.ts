import type { NewTaskEvent, TaskEvent } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { describe, expect, test } from "vitest";
import { createClient } from "./client.ts";

type Answer = Response | Error | ((request: Request) => Response | Promise<Response>);

/** A node that answers from a script and remembers what it was asked; an Error is a lost connection. */
const node = (...answers: Answer[]) => {
  const requests: { method: string; path: string; headers: Headers; body: string }[] = [];
  const fake: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    requests.push({
      method: request.method,
      path: request.url.replace("http://node", ""),
      headers: request.headers,
      body: await request.clone().text(),
    });
    const answer = answers[requests.length - 1];
    if (answer === undefined) throw new TypeError("fetch failed");
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer(request) : answer;
  };
  const client = createClient({
    url: "http://node/",
    apiKey: "k1",
    fetch: fake,
    retry: { maxAttempts: 3, initialDelayMs: 1 },
  });
  return { client, requests };
};

const json = (body: unknown, status = 200) => Response.json(body, { status });
const snapshot = (state = "working") =>
  json({ task: { id: "t1", status: {} }, head: { taskId: "t1", contextId: "c1", state } });
const event = (seq: number, type: TaskEvent["type"], data: object = {}) => ({ seq, at: 0, type, data }) as TaskEvent;

/** A stream of these events that then ends, or breaks when `broken`. */
const stream =
  (events: readonly TaskEvent[], broken = false): Answer =>
  () => {
    let sent = false;
    const body = new ReadableStream({
      pull(controller) {
        if (!sent) {
          sent = true;
          const frames = events.map(
            (each) => `id: ${each.seq}\nevent: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`,
          );
          controller.enqueue(new TextEncoder().encode(`: hi\n\n${frames.join("")}`));
        } else if (broken) controller.error(new TypeError("terminated"));
        else controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
const numbers = async (events: AsyncIterable<TaskEvent>) => {
  const seen: number[] = [];
  for await (const { seq } of events) seen.push(seq);
  return seen;
};
const lastIds = (requests: readonly { headers: Headers }[]) =>
  requests.map(({ headers }) => headers.get("last-event-id"));
const started = event(1, "task.submitted");
const done = event(3, "task.completed", { output: { score: 5 } });

describe("requests", () => {
  test("carry key, target and a fresh idempotency key", async () => {
    const { client, requests } = node(snapshot());
    await client.submit({ target: { labels: { tier: "gold", area: "eu" } }, input: 1, priority: "high", wait: true });
    const [request] = requests;
    expect(request).toMatchObject({ method: "POST", path: "/api/v1/tasks" });
    expect(request?.headers.get("authorization")).toBe("Bearer k1");
    expect(JSON.parse(request?.body ?? "")).toEqual({
      target: "labels:area=eu,tier=gold",
      input: 1,
      priority: "high",
      wait: true,
      idempotencyKey: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("go to their routes", async () => {
    const ok = () => json({});
    const { client, requests } = node(...Array.from({ length: 22 }, () => ok));
    await client.get("a/b");
    await client.list({ agent: "x", state: "parked", pageSize: 5 });
    await client.cancel("t1", { reason: "enough" });
    await client.retry("t1");
    await client.send("t1", "yes");
    await client.agents();
    await client.agent("x");
    await client.workflows();
    await client.workflowGraph("x", { revision: "f00" });
    await client.workflowDiagram("x");
    await client.progress("t1");
    await client.apply("kind: Agent");
    await client.diff([]);
    await client.deleteManifest("Agent", "x");
    await client.nodes();
    await client.node("a:1");
    await client.drainNode("b", { graceMs: 5 });
    await client.undrainNode("b");
    await client.health();
    await client.readiness();
    await client.migrate("t1", { revision: "r2", rules: { drop: ["a"] } });
    await client.migrateOpen("x", { dryRun: true });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1/tasks/a%2Fb",
      "GET /api/v1/tasks?agent=x&state=parked&pageSize=5",
      "POST /api/v1/tasks/t1/cancel",
      "POST /api/v1/tasks/t1/retry",
      "POST /api/v1/tasks/t1/messages",
      "GET /api/v1/agents",
      "GET /api/v1/agents/x",
      "GET /api/v1/workflows",
      "GET /api/v1/workflows/x/graph?revision=f00",
      "GET /api/v1/workflows/x/graph?format=mermaid",
      "GET /api/v1/tasks/t1/progress",
      "POST /api/v1/manifests",
      "POST /api/v1/manifests?dryRun=true",
      "DELETE /api/v1/manifests/Agent/x",
      "GET /api/v1/nodes",
      "GET /api/v1/nodes/a%3A1",
      "POST /api/v1/nodes/b/drain",
      "POST /api/v1/nodes/b/undrain",
      "GET /healthz",
      "GET /readyz",
      "POST /api/v1/tasks/t1/migrate",
      "POST /api/v1/agents/x/migrate",
    ]);
    expect(JSON.parse(requests[20]?.body ?? "")).toEqual({ revision: "r2", rules: { drop: ["a"] } });
    expect(JSON.parse(requests[16]?.body ?? "")).toEqual({ graceMs: 5 });
    expect(JSON.parse(requests[4]?.body ?? "")).toMatchObject({
      parts: [{ text: "yes" }],
    });
    expect(requests[11]?.headers.get("content-type")).toBe("application/yaml");
  });

  test("a decision about access is sent again when its answer was lost", async () => {
    const { client, requests } = node(new TypeError("fetch failed"), snapshot());
    await client.authorize("t1", { name: "github", credential: { type: "bearer", value: "secret" } });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 2 }, () => "POST /api/v1/tasks/t1/authorize"),
    );
    expect(JSON.parse(requests[1]?.body ?? "")).toEqual({
      name: "github",
      credential: { type: "bearer", value: "secret" },
    });
  });

  test("a submit is sent again with the same idempotency key", async () => {
    const overloaded = json({ error: { code: "OVERLOADED", message: "later", retryAfterMs: 1 } }, 429);
    const { client, requests } = node(new TypeError("fetch failed"), overloaded, snapshot());
    await client.submit({ target: "agent:x" });
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    expect(requests).toHaveLength(3);
  });

  test("a refusal is not sent again and keeps code and violations", async () => {
    const violations = [{ field: "input", description: "expected a number" }];
    const { client, requests } = node(json({ error: { code: "INVALID_ARGUMENT", message: "no", violations } }, 400));
    await expect(client.submit({ target: "agent:x" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT", violations });
    expect(requests).toHaveLength(1);
  });

  test("answers that are not ours become codes by status", async () => {
    const proxy = new Response("<html>", { status: 503, headers: { "retry-after": "2" } });
    await expect(node(proxy).client.get("t1")).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 2000 });
    await expect(node(new Response("<html>")).client.get("t1")).rejects.toThrow(/not JSON/);
    const newer = json({ error: { code: "FROM_THE_FUTURE", message: "x" } }, 500);
    await expect(node(newer).client.get("t1")).rejects.toMatchObject({
      code: "INTERNAL",
      message: "FROM_THE_FUTURE: x",
    });
    await expect(node().client.get("t1")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("an abort rejects with the signal's reason and is not tried again", async () => {
    const reason = new Error("enough");
    const { client, requests } = node(
      (request) =>
        new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason))),
    );
    const controller = new AbortController();
    const work = client.submit({ target: "agent:x" }, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(work).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });

  test("an address that is not http(s) is refused", () => {
    expect(() => createClient({ url: "file:///etc" })).toThrow(PlatformError);
  });
});

describe("events", () => {
  test("go on after the last number when the connection breaks, without gap or repeat", async () => {
    const { client, requests } = node(
      stream([started, event(2, "task.started")], true),
      new TypeError("fetch failed"),
      stream([event(2, "task.started"), done]),
    );
    expect(await numbers(client.events("t1"))).toEqual([1, 2, 3]);
    expect(lastIds(requests)).toEqual([null, "2", "2"]);
  });

  test("are those of the log: not what models say before it is in there", async () => {
    const word = { after: 1, path: "model:m", append: false, text: "Hi", artifact: { artifactId: "a", name: "a" } };
    const { client } = node(stream([started, word as unknown as TaskEvent, done]));
    expect(await numbers(client.events("t1"))).toEqual([1, 3]);
  });

  test("start after a given number", async () => {
    const { client, requests } = node(stream([done]));
    expect(await numbers(client.events("t1", { after: 2 }))).toEqual([3]);
    expect(lastIds(requests)).toEqual(["2"]);
  });

  test("give up after bounded tries without progress", async () => {
    const { client, requests } = node(stream([started]), stream([]), stream([]), stream([]), stream([]));
    await expect(numbers(client.events("t1"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(requests).toHaveLength(3);
  });

  test("a refusal ends them at once", async () => {
    const { client, requests } = node(json({ error: { code: "TASK_NOT_FOUND", message: "no" } }, 404));
    await expect(numbers(client.events("t1"))).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    expect(requests).toHaveLength(1);
  });

  test("an abort ends them with its reason, and leaving early closes the connection", async () => {
    let closed = 0;
    const open: Answer = (request) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(started)}\n\n`));
            request.signal.addEventListener("abort", () => controller.error(request.signal.reason));
          },
          cancel() {
            closed += 1;
          },
        }),
      );
    for await (const _ of node(open).client.events("t1")) break;
    expect(closed).toBe(1);

    const reason = new Error("enough");
    const controller = new AbortController();
    const { client, requests } = node(open);
    const following = async () => {
      for await (const _ of client.events("t1", { signal: controller.signal })) controller.abort(reason);
    };
    await expect(following()).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });
});

describe("run", () => {
  const ending = (type: NewTaskEvent["type"], data: object) => stream([started, event(2, type, data)]);

  test("submits once, follows the events over a lost connection and returns the output", async () => {
    const seen: string[] = [];
    const { client, requests } = node(
      snapshot(),
      stream([started], true),
      stream([event(2, "task.inputRequired"), done]),
    );
    const result = await client.run<{ score: number }>(
      { target: "agent:x", input: 1 },
      { onEvent: ({ type }) => seen.push(type) },
    );
    expect(result).toEqual({ taskId: "t1", contextId: "c1", output: { score: 5 } });
    expect(requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET"]);
    expect(seen).toEqual(["task.submitted", "task.inputRequired", "task.completed"]);
  });

  test("rejects with the task's own error", async () => {
    const failed = ending("task.failed", { error: { code: "OUTPUT_MISMATCH", message: "no" } });
    await expect(node(snapshot(), failed).client.run({ target: "agent:x" })).rejects.toMatchObject({
      code: "OUTPUT_MISMATCH",
      details: { taskId: "t1" },
    });
    const canceled = ending("task.canceled", {});
    await expect(node(snapshot(), canceled).client.run({ target: "agent:x" })).rejects.toMatchObject({
      code: "CANCELED",
    });
  });

  test("rejects when the task is parked, not when it was", async () => {
    const parked = event(2, "task.parked", { error: { code: "NON_DETERMINISTIC", message: "no" } });
    const stuck = node(snapshot(), stream([started, parked]), snapshot("parked"));
    await expect(stuck.client.run({ target: "agent:x" })).rejects.toMatchObject({ code: "NON_DETERMINISTIC" });
    const retried = node(snapshot(), stream([started, parked, done]), snapshot("completed"));
    expect((await retried.client.run({ target: "agent:x" })).output).toEqual({ score: 5 });
  });
});

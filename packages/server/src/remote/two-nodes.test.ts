import { once } from "node:events";
import { request as connectHttp, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { expect, it, onTestFinished } from "vitest";
import { folder, SCOPE, startNearNode } from "../../test/remote/near-node.ts";
import { startNode } from "../start-node.ts";

const CODE = fileURLToPath(new URL("../../test/remote/far-agents/agents.ts", import.meta.url));
const KEY = "far-key-that-nobody-guesses";

/** A node with an HTTP address, and the agents of the folder far-agents. */
const startFarNode = async (apiKeys: readonly string[], publicUrl?: string) => {
  const node = await startNode({
    port: 0,
    grpcPort: 0,
    dataDirectory: await folder(),
    logLevel: "error",
    env: {},
    apiKeys,
    publicUrl,
  });
  onTestFinished(() => node.close(0));
  await node.ready;
  await node.apply(
    ["writer", "sleeper", "listener", "asker", "relay"].map((name) => ({
      ...{ apiVersion: API_VERSION, kind: "Agent", metadata: { name } },
      spec: { code: { path: CODE, export: name } },
    })),
  );
  const call = async (agent: string, method: string, params: unknown) => {
    const response = await fetch(`${node.url}/a2a/${agent}`, {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "1.0", "x-api-key": KEY },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    return ((await response.json()) as { result: Record<string, unknown> }).result;
  };
  const grpcOrigin = async (agent: string): Promise<string> => {
    const card = (await (
      await fetch(`${node.url}/a2a/${agent}/.well-known/agent-card.json`, { headers: { "a2a-version": "1.0" } })
    ).json()) as { supportedInterfaces: { url: string; protocolBinding: string }[] };
    return `http://${card.supportedInterfaces.find(({ protocolBinding }) => protocolBinding === "GRPC")?.url}`;
  };
  return { url: node.url, call, grpcOrigin, apply: node.apply };
};

/** Stands before a node, notes what is asked of it, and can cut the connections that are open. */
const startProxy = async () => {
  const seen: { readonly what: string; readonly after: string | undefined }[] = [];
  let target = "";
  const server = createServer((request, response) => {
    const { "last-event-id": after, host: _host, ...headers } = request.headers;
    const url = request.url ?? "";
    const onward = connectHttp(`${target}${url}`, {
      method: request.method,
      headers: after === undefined ? headers : { ...headers, "last-event-id": after },
    });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    for (const each of [onward, response]) each.on("error", () => {});
    response.on("close", () => onward.destroy());
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const method = /"method":"(\w+)"/.exec(body)?.[1];
      const what = method ?? `${request.method} ${url.replace(/^\/a2a\/\w+/, "").replace(/[0-9a-f-]{36}/, "ID")}`;
      if (!url.endsWith(".json")) seen.push({ what, after: after?.toString() });
      onward.end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    to: (url: string) => {
      target = url;
    },
    cut: () => server.closeAllConnections(),
  };
};

it.each(["JSONRPC", "HTTP+JSON", "GRPC"])(
  "an agent of another node asks, streams and returns as it does at home, over %s and with a key",
  async (binding) => {
    const far = await startFarNode([`${KEY} role=caller caller=near`]);
    const near = await startNearNode({ env: { FAR_KEY: KEY } });
    const auth = { apiKeyEnv: "FAR_KEY", header: "X-API-Key", origins: [await far.grpcOrigin("writer")] };
    await near.apply(`${far.url}/a2a/writer`, { bindings: [binding], auth });
    expect(near.parts.catalogue.get("default", "far")).toMatchObject({ state: "ready", version: "3.0.0" });
    const { taskId } = await near.parts.tasks.submit(SCOPE, {
      target: { capability: "write" },
      input: { topic: "bees" },
    });
    await near.events(taskId, ({ type }) => type === "task.inputRequired");
    await near.parts.tasks.send(SCOPE, taskId, { messageId: "m", role: "ROLE_USER", parts: [{ text: "calm" }] });
    expect(await near.output(taskId)).toEqual({ topic: "bees", tone: "calm" });
    const { artifacts } = await near.parts.tasks.view(SCOPE, taskId);
    expect(artifacts?.map(({ artifactId, parts }) => [artifactId, parts])).toEqual([
      ["draft.txt", [{ text: "On " }, { text: "bees" }]],
      ["output", [{ data: { topic: "bees", tone: "calm" } }]],
    ]);
    const events = await near.events(taskId);
    expect(events.filter(({ type }) => type === "task.inputRequired")).toHaveLength(1);
    expect(events.some((event) => event.type === "task.progressed" && event.data.message === "thinking")).toBe(true);
    const { tasks } = await far.call("writer", "ListTasks", {});
    expect(tasks).toHaveLength(1);
  },
);

it("an agent of another node is canceled there when it is canceled here", async () => {
  const far = await startFarNode([]);
  const near = await startNearNode();
  await near.apply(`${far.url}/a2a/sleeper`);
  const taskId = await near.submit("now");
  await near.events(taskId, ({ type }) => type === "artifact.appended");
  await near.parts.tasks.cancel(SCOPE, taskId);
  expect((await near.events(taskId)).at(-1)?.type).toBe("task.canceled");
  expect((await far.call("sleeper", "ListTasks", {}))["tasks"]).toMatchObject([
    { status: { state: "TASK_STATE_CANCELED" } },
  ]);
});

it("what is said to a task that works here is told to the one that works there, in order", async () => {
  const far = await startFarNode([]);
  const near = await startNearNode();
  await near.apply(`${far.url}/a2a/listener`);
  const taskId = await near.submit("now");
  await near.events(taskId, ({ type }) => type === "artifact.appended");
  for (const text of ["one", "two"])
    await near.parts.tasks.send(SCOPE, taskId, { messageId: text, role: "ROLE_USER", parts: [{ text }] });
  expect(await near.output(taskId)).toEqual(["one", "two"]);
});

it("a task that waits for access there waits for it here, and goes on when it is granted there", async () => {
  const far = await startFarNode([]);
  const near = await startNearNode();
  await near.apply(`${far.url}/a2a/asker`);
  const taskId = await near.submit("now");
  const asked = (await near.events(taskId, ({ type }) => type === "task.authRequired")).at(-1);
  const authorization = { name: "github", scopes: ["repo"], url: "https://github.test/consent" };
  expect(asked).toMatchObject({
    data: { authorization, prompt: [{ text: expect.stringMatching(/^May I\?\nAccess [^\n]+\nGive [^\n]+$/) }, {}] },
  });
  const { tasks } = await far.call("asker", "ListTasks", {});
  const [{ id }] = tasks as [{ id: string }];
  const granted = await fetch(`${far.url}/api/v1/tasks/${id}/authorize`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(granted.ok).toBe(true);
  expect(await near.output(taskId)).toBe("github");
});

it.each([
  ["JSONRPC", "SendStreamingMessage", "SubscribeToTask"],
  ["HTTP+JSON", "POST /message:stream", /^(?:GET|POST) \/tasks\/ID:subscribe$/],
] as const)(
  "a stream of another node that is cut goes on after the last number, over %s",
  async (binding, begin, resume) => {
    const proxy = await startProxy();
    const far = await startFarNode([], proxy.url);
    proxy.to(far.url);
    const near = await startNearNode();
    await near.apply(`${proxy.url}/a2a/listener`, { bindings: [binding] });
    const taskId = await near.submit("now");
    await near.events(taskId, ({ type }) => type === "artifact.appended");
    proxy.cut();
    await expect.poll(() => proxy.seen.length, { timeout: 10_000 }).toBe(2);
    const { tasks } = await far.call("listener", "ListTasks", {});
    const [{ id }] = tasks as [{ id: string }];
    for (const text of ["one", "two"])
      await far.call("listener", "SendMessage", {
        message: { messageId: text, taskId: id, role: "ROLE_USER", parts: [{ text }] },
        configuration: { returnImmediately: true },
      });
    expect(await near.output(taskId)).toEqual(["one", "two"]);
    expect(proxy.seen).toEqual([
      { what: begin, after: undefined },
      {
        what: typeof resume === "string" ? resume : expect.stringMatching(resume),
        after: expect.stringMatching(/^[1-9]/),
      },
    ]);
    const { artifacts } = await near.parts.tasks.view(SCOPE, taskId);
    expect(artifacts?.map(({ artifactId, parts }) => [artifactId, parts.length])).toEqual([
      ["ready", 1],
      ["output", 1],
    ]);
  },
);

it("a remote agent that is itself ends after ten times round", async () => {
  const node = await startFarNode([]);
  const remote = { card: `${node.url}/a2a/mirror` };
  await node.apply([{ apiVersion: API_VERSION, kind: "Agent", metadata: { name: "mirror" }, spec: { remote } }]);
  const seen = () => fetch(`${node.url}/api/v1/agents/mirror`).then((answer) => answer.json());
  // It had no card before it was there.
  expect(await seen()).toMatchObject({ state: "unreachable", reason: expect.stringContaining("no agent card") });
  await expect.poll(seen, { timeout: 15_000 }).toMatchObject({ state: "ready" });
  const message = { messageId: "m", role: "ROLE_USER", parts: [{ text: "who?" }] };
  const { task } = await node.call("mirror", "SendMessage", { message });
  expect(task).toMatchObject({ status: { state: "TASK_STATE_FAILED" } });
  expect(JSON.stringify(task)).toContain("LOOP_DETECTED");
  const { totalSize } = await node.call("mirror", "ListTasks", {});
  expect(totalSize).toBe(11);
});

it("a chain of remote agents that goes round ends also when agents with code stand in between", async () => {
  const node = await startFarNode([]);
  const remote = { card: `${node.url}/a2a/relay` };
  await node.apply([{ apiVersion: API_VERSION, kind: "Agent", metadata: { name: "back" }, spec: { remote } }]);
  const message = { messageId: "m", role: "ROLE_USER", parts: [{ text: "who?" }] };
  const { task } = await node.call("relay", "SendMessage", { message });
  expect(task).toMatchObject({ status: { state: "TASK_STATE_FAILED" } });
  expect(JSON.stringify(task)).toContain("LOOP_DETECTED");
  expect((await node.call("relay", "ListTasks", {}))["totalSize"]).toBe(11);
});

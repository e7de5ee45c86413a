/** `need:` through the front doors of a node: found by words, by a model over HTTP, under limits, and nobody. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const KEYS = { root: "operator-of-default-01", ann: "caller-ann-of-acme-01", bolt: "operator-of-bolt-0001" } as const;
type Who = keyof typeof KEYS;

let folder: string;
let node: RunningNode;
let embeddings: Server;
const embedded: string[] = [];

const call = async (who: Who, path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${KEYS[who]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, body: (await response.json()) as any };
};
const submit = (who: Who, target: string, input: unknown = {}) =>
  call(who, "/api/v1/tasks", { target, input, wait: true });
const find = (who: Who, query: Record<string, string>) =>
  call(who, `/api/v1/agents?${new URLSearchParams(query).toString()}`);

const desk = (name: string, description: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Workflow",
  metadata: { name },
  spec: { description, start: "say", nodes: { say: { type: "end", output: `by ${name}` } }, ...spec },
});

const startNodeHere = async (): Promise<RunningNode> => {
  const started = await startNode({
    ...{ port: 0, dataDirectory: folder, allowPrivateModels: true, env: { EMBED_KEY: "secret" } },
    apiKeys: [
      `${KEYS.root} role=operator tenant=default caller=root`,
      `${KEYS.ann} tenant=default caller=ann`,
      `${KEYS.bolt} role=operator tenant=bolt caller=root`,
    ],
  });
  await started.ready;
  return started;
};

beforeAll(async () => {
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  embeddings = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const { input } = JSON.parse(text) as { input: string | string[] };
      const texts = [input].flat();
      embedded.push(...texts);
      const data = texts.map((one, index) => ({
        ...{ object: "embedding", index },
        embedding: [/tax|levy/i.test(one) ? 1 : 0, /parcel|package/i.test(one) ? 1 : 0, 0.01],
      }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data, model: "m", usage: { prompt_tokens: 1, total_tokens: 1 } }));
    });
  });
  await new Promise<void>((resolve) => embeddings.listen(0, "127.0.0.1", resolve));
  folder = await mkdtemp(join(tmpdir(), "agentcore-discovery-"));
  node = await startNodeHere();
  const applied = await call("root", "/api/v1/manifests", [
    desk("tax-desk", "Computes the sales tax of an order", { cost: { perTask: 0.02 } }),
    desk("tax-bureau", "Computes the sales tax of orders", { cost: { perTask: 0.001 } }),
    desk("tracker", "Tells where a parcel is"),
    desk("asker", "Asks somebody else", {
      start: "ask",
      nodes: {
        ask: { type: "task", target: { need: "compute the sales tax of my order", maxCostUsd: 0.01 }, next: "done" },
        done: { type: "end", output: "${nodes.ask}" },
      },
    }),
  ]);
  expect(applied).toMatchObject({ status: 200 });
});

afterAll(async () => {
  await node.close(0);
  embeddings.close();
  await rm(folder, { recursive: true });
});

test("a task goes to whoever can do it; of equals to the cheaper, and its log says why", async () => {
  const { status, body } = await submit("ann", "need:compute the sales tax of my order");
  expect({ status, agent: body.head.agent }).toEqual({ status: 201, agent: "tax-bureau" });
  const { body: log } = await call("ann", `/api/v1/tasks/${body.head.taskId}/events`);
  const decision = log.events.find(({ type }: { type: string }) => type === "decision.made");
  expect(decision.data).toMatchObject({ kind: "routing", choice: "tax-bureau", scores: [{}, {}] });
  expect(decision.data.reasons.join("\n")).toMatch(
    /tax-bureau scores highest for need:compute[^]*tax-bureau: says compute, sales, tax, order[^]*tax-desk scores lower[^]*says compute/,
  );
});

test("limits of the target are kept, in its spelling and in a workflow", async () => {
  const { body } = await submit("ann", 'need:"compute the sales tax" maxCostUsd=0.01');
  expect(body.head.agent).toBe("tax-bureau");
  const { status, body: refused } = await submit("ann", 'need:"compute the sales tax" maxCostUsd=0.0001');
  expect({ status, code: refused.error.code }).toEqual({ status: 404, code: "NO_CANDIDATE" });
  expect(refused.error.message).toMatch(
    /tax-desk costs \$0.02, above \$0.0001; tax-bureau costs|tax-bureau costs \$0.001/,
  );
  const run = await submit("ann", "agent:asker");
  expect(run.body.task.artifacts.at(-1).parts[0]).toEqual({ text: "by tax-bureau" });
  expect((await submit("ann", 'need:"compute the sales tax" maxCost=1')).body.error.code).toBe("INVALID_ARGUMENT");
});

test("nobody capable is a clear failure that names who comes nearest, and begins nothing", async () => {
  const before = (await call("root", "/api/v1/tasks")).body.totalSize;
  const { status, body } = await submit("ann", "need:order two tickets for the concert on Friday");
  expect({ status, code: body.error.code }).toEqual({ status: 404, code: "NO_CANDIDATE" });
  expect(body.error.message).toMatch(/no agent can do what need:order two tickets .* asks for; nearest are tax-/);
  expect((await call("root", "/api/v1/tasks")).body.totalSize).toBe(before);
});

test("GET /api/v1/agents?need= ranks as a task would be routed, with scores and reasons", async () => {
  const { body } = await find("ann", { need: "compute the sales tax of an order" });
  expect(body.agents.map(({ name }: { name: string }) => name)).toEqual(["tax-bureau", "tax-desk"]);
  expect(body.found.scores[0]).toMatchObject({
    agent: "tax-bureau",
    costUsd: 0.001,
    why: expect.stringContaining("tax"),
  });
  expect(body.found.reasons.join(" ")).toContain("tax-bureau scores highest");
  const few = await find("ann", { need: "compute the sales tax of an order", limit: "1", maxCostUsd: "0.02" });
  expect(few.body.agents).toHaveLength(1);
  const nobody = await find("ann", { need: "tickets for my order" });
  expect(nobody.body).toMatchObject({ agents: [], found: { scores: [], nearest: [{}, {}] } });
  expect((await find("ann", { need: " " })).status).toBe(400);
  expect((await find("ann", { maxCostUsd: "1" })).status).toBe(400);
  expect((await find("ann", { need: "a", maxCostUsd: "" })).status).toBe(400);
  expect((await find("ann", {})).body.agents).toHaveLength(4);
});

test("I7: another tenant finds nobody here", async () => {
  const { body } = await submit("bolt", "need:compute the sales tax of my order");
  expect(body.error).toMatchObject({ code: "NO_CANDIDATE", message: expect.not.stringContaining("tax-desk") });
});

test("with a model that the tenant names, agents are found by meaning alone, also after a restart, and embedded once", async () => {
  expect((await submit("ann", "need:what levy comes on top?")).body.error.code).toBe("NO_CANDIDATE");
  const { port } = embeddings.address() as AddressInfo;
  const header = { apiVersion: "agentcore.dev/v1" };
  const applied = await call("root", "/api/v1/manifests", [
    {
      ...{ ...header, kind: "Model", metadata: { name: "embedder" } },
      spec: { model: "openai-compatible/m", baseUrl: `http://127.0.0.1:${port}/v1`, apiKeyEnv: "EMBED_KEY" },
    },
    { ...header, kind: "Tenant", metadata: { name: "default" }, spec: { discovery: { embedder: "embedder" } } },
  ]);
  expect(applied).toMatchObject({ status: 200 });
  // On a busy machine the first vectors may take longer than a caller waits: it is told to come again.
  const asked = async () => {
    const { body } = await submit("ann", "need:what levy comes on top?");
    expect(body.error?.code ?? "UNAVAILABLE").toBe("UNAVAILABLE");
    expect(body.head?.agent).toBe("tax-bureau");
  };
  await vi.waitFor(asked, { timeout: 20_000, interval: 500 });
  expect(embedded).toHaveLength(5);
  await node.close(0);
  node = await startNodeHere();
  const again = async () => {
    const { body } = await find("ann", { need: "what levy comes on top?" });
    expect(body.found.scores).toHaveLength(2);
    return body.found.scores;
  };
  expect(await vi.waitFor(again, { timeout: 20_000, interval: 500 })).toMatchObject([
    { agent: "tax-bureau", why: expect.stringMatching(/^similarity 1\.00 by embedder/) },
    { agent: "tax-desk" },
  ]);
  // The question alone: the agents' vectors were kept.
  expect(embedded.slice(5)).toEqual(["what levy comes on top?"]);
});

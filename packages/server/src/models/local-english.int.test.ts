/** `local/english` in a node without a network: agents are found, memories are recalled, and a door makes vectors, by one model in one thread. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

let folder: string;
let node: RunningNode;

const api = async (path: string, body?: unknown) => {
  const headers = { "content-type": "application/json" };
  const asked = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  // oxlint-disable-next-line typescript/no-explicit-any
  return (await (await fetch(`${node.url}${path}`, asked)).json()) as any;
};

const header = { apiVersion: "agentcore.dev/v1" };
const desk = (name: string, description: string) => ({
  ...{ ...header, kind: "Workflow", metadata: { name } },
  spec: { description, start: "say", nodes: { say: { type: "end", output: `by ${name}` } } },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-local-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", memoryEmbedder: "local/english", env: {} },
  });
  await node.ready;
  await node.apply([
    {
      ...{ ...header, kind: "Tenant", metadata: { name: "default" } },
      spec: { discovery: { embedder: "local/english", minSimilarity: 0.4 } },
    },
    desk("physician", "Treats people who are ill"),
    desk("gardener", "Plants roses and waters the lawn"),
    desk("bookkeeper", "Writes invoices and keeps the accounts"),
  ]);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true });
});

test("an agent is found that says none of the words", async () => {
  const need = new URLSearchParams({ need: "a doctor who cures sick patients" });
  const search = () => api(`/api/v1/agents?${need.toString()}`);
  // Loading the model on a busy machine may take longer than anybody is made to wait.
  await expect.poll(async () => (await search()).found.scores[0]?.agent, { timeout: 50_000 }).toBe("physician");
  const { found } = await search();
  expect(found.scores).toHaveLength(1);
  expect(found.scores[0].why).toMatch(/similarity 0\.\d\d by local\/english/);
  expect(found.reasons).toContainEqual(expect.stringContaining("by meaning with local/english"));
});

test("the door gives vectors, and lists the model", async () => {
  const answer = await api("/v1/embeddings", { model: "local/english", input: ["pay the bill", "walk the dog"] });
  expect(answer.data.map(({ embedding }: { embedding: unknown[] }) => embedding.length)).toEqual([512, 512]);
  const { data } = await api("/v1/models");
  expect(data).toContainEqual(expect.objectContaining({ id: "local/english", owned_by: "local" }));
});

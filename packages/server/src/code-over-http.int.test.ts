/** What code a node takes over HTTP, by how it is open. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type NodeOptions, startNode } from "./start-node.ts";

const code = fileURLToPath(new URL("../test/tenants/keeper.ts", import.meta.url));
const KEY = "an-operators-own-key";

const start = async (options: Partial<NodeOptions>) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "agentcore-code-"));
  const node = await startNode({ port: 0, dataDirectory, logLevel: "error", env: {}, ...options });
  onTestFinished(async () => {
    await node.close(0);
    await rm(dataDirectory, { recursive: true });
  });
  await node.ready;
  const manifest = (path: string) => ({
    apiVersion: "agentcore.dev/v1",
    kind: "Agent",
    metadata: { name: "keeper" },
    spec: { code: { path, export: "keeper" } },
  });
  const post = async (path: string, query = "") => {
    const response = await fetch(`${node.url}/api/v1/manifests${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
      body: JSON.stringify(manifest(path)),
    });
    return { status: response.status, text: await response.text() };
  };
  return { node, manifest, post };
};

test("without keys, from anywhere on this machine", async () => {
  expect((await (await start({})).post(code)).status).toBe(200);
});

test("with keys, from a code root only, also for a dry run; what the command line applies needs none", async () => {
  const { node, manifest, post } = await start({ apiKeys: [`${KEY} role=operator`] });
  for (const query of ["", "?dryRun=true"]) {
    const { status, text } = await post(code, query);
    expect([status, text]).toEqual([403, expect.stringContaining("start it with --code-root DIR")]);
  }
  expect(await node.apply([manifest(code)])).toMatchObject([{ change: "created" }]);
});

test("with roots, from these only, whatever the keys", async () => {
  for (const apiKeys of [[], [`${KEY} role=operator`]]) {
    const { post } = await start({ apiKeys, codeRoots: [dirname(code)] });
    expect((await post(code)).status).toBe(200);
    const refused = await post(fileURLToPath(import.meta.url));
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("outside the node's code roots")]);
  }
});

test("a root that is not there keeps the node from starting", async () => {
  await expect(start({ codeRoots: ["/no/such/folder"] })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

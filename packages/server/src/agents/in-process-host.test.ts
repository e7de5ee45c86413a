import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AnyAgentManifest, API_VERSION } from "@agentcore/contract";
import { createMemoryBlobStore, createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { BlobStore } from "@agentcore/core/ports";
import { createFnvDigest, ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { ANYWHERE } from "./code-roots.ts";
import { createInProcessHost, type InProcessHost } from "./in-process-host.ts";
import { hashOfCode } from "./read-code.ts";
import { CODE_NAMESPACE, packCode } from "./shared-code.ts";
import { readSnapshot, storeSnapshot } from "./snapshot-store.ts";

const FILES = new Map([["agent.ts", Buffer.from("throw new Error('it ran');")]]);
const SNAPSHOT = { hash: hashOfCode(FILES), root: "/x", entry: "agent.ts" };
const REVISION = { tenantId: "acme", agent: "a", revision: "1" };

const coding = { define: () => Promise.reject(new Error("none here")), idle: async () => {} };

/** A node that finds the revision of another, or its own of before, with a file of it emptied. */
const nodeWith = async (blobs: BlobStore | null, isDeclared?: () => Promise<boolean>) => {
  const snapshotDirectory = await mkdtemp(join(tmpdir(), "agentcore-host-"));
  onTestFinished(() => rm(snapshotDirectory, { recursive: true }));
  const keyValue = createMemoryKeyValue({ clock: new ManualClock({ now: 1 }) });
  const spec = { code: { path: "/x/agent.ts", export: "a" } };
  const manifest = { apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name: "a" }, spec };
  await keyValue.put({ tenantId: "acme", namespace: "revisions" }, "a/1", { manifest, snapshot: SNAPSHOT });
  await storeSnapshot(snapshotDirectory, SNAPSHOT, FILES);
  await truncate(join(snapshotDirectory, SNAPSHOT.hash, "agent.ts"), 0);
  const { sha256 } = createFnvDigest();
  const remotes = openRemotes(keyValue);
  const options = {
    keyValue,
    snapshotDirectory,
    blobs,
    codeRoots: ANYWHERE,
    remotes,
    coding,
    env: {},
    sha256,
    isDeclared,
  };
  const host = createInProcessHost(options);
  onTestFinished(() => host.close());
  return { host, snapshotDirectory };
};

const shared = async (files: typeof FILES): Promise<BlobStore> => {
  const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
  await blobs.put({ tenantId: "acme", namespace: CODE_NAMESPACE }, SNAPSHOT.hash, packCode(files));
  return blobs;
};

test("code that is not as it was applied does not run: it comes from the other nodes, or the revision is not there", async () => {
  const { host } = await nodeWith(null);
  expect(await host.load(REVISION)).toBeNull();
  const { host: second, snapshotDirectory } = await nodeWith(await shared(FILES));
  await expect(second.load(REVISION)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  expect(await readSnapshot(snapshotDirectory, SNAPSHOT.hash)).toEqual(FILES);
});

test("the scopes of a revision are told for as long as it is kept, without loading it", async () => {
  const { host } = await nodeWith(null);
  expect([await host.scopesOf(REVISION), await host.scopesOf({ ...REVISION, revision: "2" })]).toEqual([[], null]);
  expect(await host.scopesOf({ ...REVISION, tenantId: "other" })).toBeNull();
});

test("what is applied here while its load fails is not left to others", async () => {
  const empty = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
  const { host: alone } = await nodeWith(empty, async () => true);
  expect([await alone.load(REVISION), alone.capacities.get("acme/a")]).toEqual([null, 0]);
  const manifest = {
    apiVersion: API_VERSION,
    kind: "Agent",
    metadata: { name: "a" },
    spec: { model: "local" },
  } as const;
  const { host }: { host: InProcessHost } = await nodeWith(empty, async () => {
    const prepared = await host.prepare("acme", manifest);
    await host.keep("acme", "a", { ...prepared, revision: REVISION.revision });
    host.setCapacity("acme", "a", 3);
    return true;
  });
  await host.load(REVISION);
  expect(host.capacities.get("acme/a")).toBe(3);
});

test("code that somebody changed in the shared store does not run", async () => {
  const { host, snapshotDirectory } = await nodeWith(
    await shared(new Map([["agent.ts", Buffer.from("export const a = 'stolen';")]])),
  );
  await expect(host.load(REVISION)).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
  expect(await readSnapshot(snapshotDirectory, SNAPSHOT.hash)).toBeNull();
});

/** Two nodes on one store. */
const twoNodes = async () => {
  const keyValue = createMemoryKeyValue({ clock: new ManualClock({ now: 1 }) });
  const { sha256 } = createFnvDigest();
  const open = async (): Promise<InProcessHost> => {
    const snapshotDirectory = await mkdtemp(join(tmpdir(), "agentcore-host-"));
    onTestFinished(() => rm(snapshotDirectory, { recursive: true }));
    const remotes = openRemotes(keyValue);
    const host = createInProcessHost({
      ...{ keyValue, snapshotDirectory, blobs: null, codeRoots: ANYWHERE, remotes, coding, env: {}, sha256 },
    });
    onTestFinished(() => host.close());
    return host;
  };
  return [await open(), await open()] as const;
};

test("the graph of a workflow in code is kept with its revision: a node that has none of the code shows it", async () => {
  const [first, second] = await twoNodes();
  const folder = await mkdtemp(join(import.meta.dirname, "..", "..", "test", "workflow-code-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, "flow.ts"),
    `import { workflow } from "@agentcore/sdk";
import { z } from "zod";
export const flow = workflow("flow").input(z.object({ n: z.number() })).step("double", ({ n }) => n * 2).build();
`,
  );
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  const spec = { code: { path: join(folder, "flow.ts"), export: "flow" } };
  const manifest = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "flow" }, spec } as const;
  const prepared = await first.prepare("acme", manifest);
  await first.keep("acme", "flow", prepared);
  await rm(join(folder, "flow.ts"));
  const revision = { tenantId: "acme", agent: "flow", revision: prepared.revision };
  expect(await second.workflowOf(revision)).toMatchObject({
    graph: { start: "double", nodes: { double: { type: "custom" } } },
    input: { type: "object", required: ["n"] },
  });
  expect(await second.workflowOf({ ...revision, tenantId: "other" })).toBeNull();
});

test("a revision of a workflow without code comes back as it was, and an agent has no graph", async () => {
  const [first, second] = await twoNodes();
  const graph = { start: "done", nodes: { done: { type: "end", output: "${input.n}" } } };
  const input = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
  const header = { apiVersion: API_VERSION } as const;
  const flow: AnyAgentManifest = {
    ...{ ...header, kind: "Workflow", metadata: { name: "flow" } },
    spec: { ...graph, input, timeoutMs: 5 },
  };
  const plain: AnyAgentManifest = { ...header, kind: "Agent", metadata: { name: "a" }, spec: { model: "m" } };
  for (const manifest of [flow, plain]) {
    const prepared = await first.prepare("acme", manifest);
    expect(prepared.revision).toBe(await second.revisionOf(manifest));
    await first.keep("acme", manifest.metadata.name, prepared);
  }
  const revision = { tenantId: "acme", agent: "flow", revision: await first.revisionOf(flow) };
  const loaded = await second.load(revision);
  expect(loaded?.definition).toMatchObject({ name: "flow", timeoutMs: 5, compensates: true });
  expect(await loaded?.definition.input?.["~standard"].validate({})).toHaveProperty("issues");
  expect(await second.workflowOf(revision)).toEqual({ graph, input, output: undefined });
  const agent = { tenantId: "acme", agent: "a", revision: await first.revisionOf(plain) };
  expect(await second.workflowOf(agent)).toBeNull();
});

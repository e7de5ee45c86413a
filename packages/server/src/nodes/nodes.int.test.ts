/** Nodes that share a database, as an operator sees and drains them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { ask, SCOPE, SharedDatabase, test } from "../../test/shared-database.ts";
import type { NodeParts } from "../compose.ts";
import { startNode } from "../start-node.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const statesSeenBy = async (node: NodeParts) =>
  (await node.nodes.list("default")).map(({ name, state }) => `${name} ${state}`);

/** The nodes that have run it, in order. */
const nodesOf = async (node: NodeParts, taskId: string) =>
  (await node.tasks.log(SCOPE, taskId)).flatMap((event) => (event.type === "task.assigned" ? [event.data.node] : []));

/** Its first step waits for a file. */
const applyHolder = async (node: NodeParts): Promise<string> => {
  const file = join(shared.folder, "go");
  const run = `async (task, ctx) => {
    const { existsSync } = await import("node:fs");
    const first = await ctx.step("first", async () => {
      while (!existsSync(${JSON.stringify(file)})) await new Promise((resolve) => setTimeout(resolve, 20));
      return "first";
    });
    return [first, await ctx.step("second", () => "second")];
  }`;
  await node.manifests.apply("default", [await shared.writeAgent("holder", run)], { dryRun: false });
  return file;
};

test("each node sees all, with their agents, for its tenant only; one that ends in order is gone", async () => {
  const a = await shared.start("a");
  await applyHolder(a);
  const b = await shared.start("b");
  await expect.poll(() => statesSeenBy(a), { timeout: 5_000 }).toEqual(["a ready", "b ready"]);
  await expect
    .poll(() => a.nodes.get("default", "b"), { timeout: 5_000 })
    .toMatchObject({ address: "http://b", version: "1.2.3", agents: [{ name: "holder", replicas: 1, tasks: 0 }] });
  expect((await a.nodes.get("acme", "b")).agents).toEqual([]);
  await expect(a.nodes.get("default", "c")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await shared.stop(b);
  expect(await statesSeenBy(a)).toEqual(["a ready"]);
});

test("a node that is drained through another ends its step, gives the task away, and stays so over a restart until it is undrained", async () => {
  const a = await shared.start("a");
  const file = await applyHolder(a);
  await shared.stop(a);
  let b = await shared.start("b");
  const { taskId } = await b.tasks.submit(SCOPE, { target: { agent: "holder" } });
  await expect
    .poll(() => b.engine.residents.byAgent(), { timeout: 5_000 })
    .toMatchObject([{ agent: "holder", tasks: 1 }]);
  const again = await shared.start("a");
  await expect.poll(() => statesSeenBy(again), { timeout: 5_000 }).toEqual(["a ready", "b ready"]);
  await again.nodes.drain(SCOPE, "b", 30_000);
  await expect.poll(() => statesSeenBy(again), { timeout: 5_000 }).toEqual(["a ready", "b draining"]);
  expect((await b.nodes.get("default", "b")).agents).toMatchObject([{ name: "holder", tasks: 1 }]);
  await writeFile(file, "");
  await expect.poll(() => statesSeenBy(again), { timeout: 5_000 }).toEqual(["a ready", "b drained"]);
  // The step that ran was waited for and recorded; the rest went on elsewhere.
  expect((await b.tasks.settled(SCOPE, taskId)).state).toBe("completed");
  const log = await b.tasks.log(SCOPE, taskId);
  expect(log.filter(({ type }) => type === "step.completed")).toHaveLength(2);
  expect(await nodesOf(b, taskId)).toEqual(["b", "a"]);
  expect(await ask(b, "holder")).toEqual(["first", "second"]);

  await shared.stop(b);
  b = await shared.start("b");
  expect([b.nodes.condition, b.engine.isDraining]).toEqual(["drained", true]);
  await again.nodes.undrain("default", "b");
  await expect.poll(() => b.nodes.condition, { timeout: 5_000 }).toBe("ready");
  await expect(again.nodes.undrain("default", "c")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("what is given to the only node while it is drained waits, and runs when it is undrained", async () => {
  const a = await shared.start("a");
  await a.manifests.apply("default", [await shared.writeAgent("plain", `() => "ran"`)], { dryRun: false });
  await a.nodes.drain(SCOPE, "a", 0);
  await expect.poll(() => a.nodes.condition, { timeout: 5_000 }).toBe("drained");
  const { taskId } = await a.tasks.submit(SCOPE, { target: { agent: "plain" } });
  expect(await a.tasks.head(SCOPE, taskId)).toMatchObject({ state: "submitted", leased: false });
  await a.nodes.undrain("default", "a");
  expect((await a.tasks.settled(SCOPE, taskId)).state).toBe("completed");
});

test("a node whose name another process has taken is not ready and says why; a drained one is not either, and both answer", async () => {
  const start = (folder: string) =>
    startNode({
      ...{ port: 0, node: "twin", database: shared.url, leaseMs: 1_000, logLevel: "error" as const },
      dataDirectory: join(shared.folder, folder),
    });
  const readiness = async (node: { readonly url: string }) => {
    const response = await fetch(`${node.url}/readyz`);
    return { status: response.status, body: await response.json() };
  };
  const post = (node: { readonly url: string }, path: string) => fetch(`${node.url}${path}`, { method: "POST" });
  const earlier = await start("one");
  await earlier.ready;
  expect(await readiness(earlier)).toMatchObject({ status: 200, body: { ready: true, checks: { state: "ready" } } });
  const later = await start("two");
  try {
    await later.ready;
    await expect
      .poll(() => readiness(earlier), { timeout: 5_000 })
      .toMatchObject({
        status: 503,
        body: {
          checks: {
            state: "unavailable",
            reason: { code: "CONFIG_INVALID", message: expect.stringMatching(/another process.*twin/) },
          },
        },
      });
    expect((await fetch(`${earlier.url}/healthz`)).status).toBe(200);
    expect(await readiness(later)).toMatchObject({ status: 200 });

    expect((await post(later, "/api/v1/nodes/twin/drain")).status).toBe(202);
    await expect
      .poll(() => readiness(later), { timeout: 5_000 })
      .toMatchObject({ status: 503, body: { checks: { state: "drained" } } });
    expect((await post(later, "/api/v1/nodes/twin/undrain")).status).toBe(204);
    expect(await readiness(later)).toMatchObject({ status: 200 });
  } finally {
    await earlier.close(0);
    await later.close(0);
  }
});

import { API_VERSION, Manifest } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { AgentRegistry } from "@agentcore/core/registry";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { createManifestStore } from "./manifest-store.ts";
import { createReconciler } from "./reconcile-agents.ts";

const manifest = Manifest.parse({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name: "listener" },
  spec: { model: "local", description: "listens" },
});
const definition = {
  ...{ name: "listener", description: "listens", version: "1", skills: [], labels: {}, tools: [] },
  ...{ idempotent: false, subscribes: ["loan.*"] },
};

/** A node whose host loads what `loads` says, over manifests that an earlier version stored. */
const open = async (loads: () => boolean) => {
  const clock = new ManualClock();
  const store = createManifestStore(createMemoryKeyValue({ clock }));
  await store.addTenant("acme");
  await store.put("acme", { manifest, revision: "r1" });
  const capacities = new Map<string, number>();
  const removed: string[] = [];
  const reconcile = createReconciler({
    store,
    host: { capacities, load: async () => (loads() ? { definition, env: {}, concurrency: 1 } : null) },
    registry: new AgentRegistry({ clock }),
    registrar: { limit: () => {}, register: () => {}, remove: (_, name) => void removed.push(name) },
    onUnloadable: () => {},
  });
  const topics = async () => (await store.subscribers("acme")).map(({ subscribes }) => subscribes);
  return { store, capacities, removed, reconcile, topics };
};

test("what an earlier version stored without its topics gets them when it is loaded", async () => {
  let isInstalled = false;
  const { reconcile, topics } = await open(() => isInstalled);
  await reconcile();
  expect(await topics()).toEqual([undefined]);
  isInstalled = true;
  await reconcile();
  expect(await topics()).toEqual([["loan.*"]]);
});

test("topics are not added to another revision than the one that was loaded", async () => {
  const { store, topics } = await open(() => true);
  await store.complete("acme", "listener", "r0", ["loan.*"]);
  await store.put("acme", { manifest, revision: "r2", subscribes: [] });
  await store.complete("acme", "listener", "r2", ["loan.*"]);
  expect(await topics()).toEqual([]);
});

test("an agent that does not load here is forgotten with its manifest, so that its tasks wait for nobody", async () => {
  const { store, capacities, removed, reconcile } = await open(() => false);
  capacities.set("acme/listener", 0);
  await reconcile();
  expect(removed).toEqual([]);
  await store.delete("acme", "Agent", "listener");
  await reconcile();
  expect(removed).toEqual(["listener"]);
});

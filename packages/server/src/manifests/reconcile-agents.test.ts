import { API_VERSION, Manifest } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { AgentRegistry } from "@agentcore/core/registry";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { AgentCatalogue } from "./agent-catalogue.ts";
import { createAgentRegistrar } from "./agent-registrar.ts";
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

for (const replicas of [1, 0])
  test(`a node that left an agent to others runs it again when the revision it has is declared again, on ${replicas} replicas (I10)`, async () => {
    const clock = new ManualClock();
    const store = createManifestStore(createMemoryKeyValue({ clock }));
    await store.addTenant("acme");
    const declare = (revision: string) =>
      store.put("acme", {
        manifest: Manifest.parse({ ...manifest, spec: { ...manifest.spec, replicas } }),
        revision,
        subscribes: [],
      });
    const capacities = new Map<string, number>();
    const loads: string[] = [];
    const host = {
      capacities,
      setCapacity: (tenantId: string, name: string, capacity: number) =>
        void capacities.set(`${tenantId}/${name}`, capacity),
      setMaxRunning: () => {},
      load: async ({ revision }: { readonly revision: string }) => {
        loads.push(revision);
        if (revision === "r1") return { definition, env: {}, concurrency: 2 };
        capacities.set("acme/listener", 0);
        return null;
      },
    };
    const registry = new AgentRegistry({ clock });
    const registrar = createAgentRegistrar({
      ...{ registry, catalogue: new AgentCatalogue(), host, node: "a" },
      remotes: openRemotes(createMemoryKeyValue({ clock })),
    });
    const reconcile = createReconciler({ store, host, registry, registrar, onUnloadable: () => {} });
    await declare("r1");
    await reconcile();
    await declare("r2");
    await reconcile();
    expect(capacities.get("acme/listener")).toBe(0);
    await declare("r1");
    await reconcile();
    await reconcile();
    expect(capacities.get("acme/listener")).toBe(2 * replicas);
    expect(loads).toEqual(replicas === 0 ? ["r1", "r2"] : ["r1", "r2", "r1"]);
  });

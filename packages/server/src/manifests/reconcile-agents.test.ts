import { API_VERSION, Manifest } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { AgentRegistry } from "@agentcore/core/registry";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { DeclaredFeeds } from "../feeds/declared-feeds.ts";
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
  await reconcile({ looksAgain: true });
  expect(await topics()).toEqual([undefined]);
  isInstalled = true;
  await reconcile({ looksAgain: true });
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
  await reconcile({ looksAgain: true });
  expect(removed).toEqual([]);
  await store.delete("acme", "Agent", "listener");
  await reconcile({ looksAgain: true });
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
      feeds: new DeclaredFeeds(),
    });
    const reconcile = createReconciler({ store, host, registry, registrar, onUnloadable: () => {} });
    await declare("r1");
    await reconcile({ looksAgain: true });
    await declare("r2");
    await reconcile({ looksAgain: true });
    expect(capacities.get("acme/listener")).toBe(0);
    await declare("r1");
    await reconcile({ looksAgain: true });
    await reconcile({ looksAgain: true });
    expect(capacities.get("acme/listener")).toBe(2 * replicas);
    expect(loads).toEqual(replicas === 0 ? ["r1", "r2"] : ["r1", "r2", "r1"]);
  });

/** A node beside others that apply: `parent` and `worker`, with what it does in order. */
const beside = async (load: (name: string) => Promise<boolean> = async () => true) => {
  const clock = new ManualClock();
  const store = createManifestStore(createMemoryKeyValue({ clock }));
  const said: string[] = [];
  const registry = new AgentRegistry({ clock });
  const reconcile = createReconciler({
    store,
    host: {
      capacities: new Map(),
      load: async ({ agent }) => ((await load(agent)) ? { definition, env: {}, concurrency: 1 } : null),
    },
    registry,
    registrar: {
      limit: () => {},
      register: (tenantId, { metadata: { name } }, { revision }) => {
        registry.register({ ...definition, tenantId, name, revision, replicas: [] });
        said.push(`register ${name}`);
      },
      remove: () => {},
    },
    onUnloadable: (_, name, { code }) => void said.push(`${code} ${name}`),
  });
  const put = (name: string) =>
    store.put("acme", {
      manifest: Manifest.parse({ ...manifest, metadata: { name } }),
      revision: "r1",
      subscribes: [],
    });
  await store.addTenant("acme");
  return { clock, store, said, reconcile, put };
};

test("agents that were applied together are there together, also where one takes long to load", async () => {
  const loaded = Promise.withResolvers<boolean>();
  const asked = Promise.withResolvers<void>();
  const { said, reconcile, put } = await beside((name) => {
    if (name === "parent") return Promise.resolve(true);
    asked.resolve();
    return loaded.promise;
  });
  await put("parent");
  await put("worker");
  const done = reconcile({ looksAgain: true });
  await asked.promise;
  expect(said).toEqual([]);
  loaded.resolve(true);
  await done;
  expect(said).toEqual(["register parent", "register worker"]);
});

test("what is applied while others load is there with them", async () => {
  const { said, reconcile, put } = await beside(async (name) => {
    if (name === "parent") await put("worker");
    said.push(`load ${name}`);
    return true;
  });
  await put("parent");
  await reconcile({ looksAgain: true });
  expect(said).toEqual(["load parent", "load worker", "register parent", "register worker"]);
});

test("of agents that were applied together only the one that does not load is missing, and is said once", async () => {
  const { said, reconcile, put } = await beside(async (name) => name === "worker");
  await put("parent");
  await put("worker");
  await reconcile({ looksAgain: true });
  await reconcile({ looksAgain: true });
  expect(said).toEqual(["REVISION_UNAVAILABLE parent", "register worker"]);
});

test("agents that another node is still writing wait for each other, and for half a minute at most", async () => {
  const { clock, store, said, reconcile, put } = await beside();
  const end = await store.announce("acme", "1", ["parent", "worker"]);
  await put("parent");
  await put("other");
  await reconcile({ looksAgain: true });
  expect(said).toEqual(["register other"]);
  await put("worker");
  await end();
  await reconcile({ looksAgain: true });
  expect(said).toEqual(["register other", "register parent", "register worker"]);
  // It dies before the second.
  await store.announce("acme", "2", ["lone", "lost"]);
  await put("lone");
  await reconcile({ looksAgain: true });
  expect(said).not.toContain("register lone");
  await clock.advance(29_000);
  await reconcile({ looksAgain: true });
  expect(said).not.toContain("register lone");
  await clock.advance(1_000);
  await reconcile({ looksAgain: true });
  expect(said).toContain("register lone");
});

test("what another node wrote wholly between two looks at it is there wholly", async () => {
  let end = async (): Promise<void> => {};
  const { store, said, reconcile, put } = await beside(async (name) => {
    if (name === "parent") {
      await put("worker");
      await end();
    }
    return true;
  });
  end = await store.announce("acme", "1", ["parent", "worker"]);
  await put("parent");
  await reconcile({ looksAgain: true });
  expect(said).toEqual(["register parent", "register worker"]);
});

test("a start does not wait for what somebody had begun to write who may be dead", async () => {
  const { store, said, reconcile, put } = await beside();
  await store.announce("acme", "1", ["parent", "worker"]);
  await put("parent");
  await reconcile({ looksAgain: false });
  expect(said).toEqual(["register parent"]);
});

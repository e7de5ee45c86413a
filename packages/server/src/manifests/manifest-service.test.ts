import { API_VERSION, Manifest, PlatformError } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { KeyValue } from "@agentcore/core/ports";
import { AgentRegistry } from "@agentcore/core/registry";
import { createFnvDigest, ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { ANYWHERE } from "../agents/code-roots.ts";
import { createInProcessHost } from "../agents/in-process-host.ts";
import { AgentCatalogue } from "./agent-catalogue.ts";
import { createManifestService } from "./manifest-service.ts";
import { createManifestStore } from "./manifest-store.ts";

const agent = (name: string, description = "does it") => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name },
  spec: { model: "local", description },
});
const model = (name: string) => ({
  apiVersion: API_VERSION,
  kind: "Model",
  metadata: { name },
  spec: { baseUrl: "http://127.0.0.1:1/v1", model: "m" },
});

const clock = new ManualClock();

/** A node's manifests on `keyValue`; the same store again is the next start. */
const open = (keyValue: KeyValue = createMemoryKeyValue({ clock })) => {
  const { sha256 } = createFnvDigest();
  const remotes = openRemotes(keyValue);
  const host = createInProcessHost({
    keyValue,
    remotes,
    coding: { define: () => Promise.reject(new Error("none here")), idle: async () => {} },
    blobs: null,
    snapshotDirectory: "/none",
    codeRoots: ANYWHERE,
    env: {},
    sha256,
  });
  onTestFinished(() => host.close());
  const catalogue = new AgentCatalogue();
  const registry = new AgentRegistry({ clock });
  const service = createManifestService({
    keyValue,
    host,
    registry,
    catalogue,
    node: "n",
    allowPrivateModels: false,
    allowPrivateAgents: false,
    toolRules: { allowPrivate: false, commands: null, folders: null, libraries: [] },
    onToolGone: () => {},
    remotes,
    codeOverHttp: true,
    sha256,
    clock,
    onUnloadable: (_tenantId, name, error) => {
      throw new Error(name, { cause: error });
    },
  });
  const names = () => catalogue.list("acme").map(({ name }) => name);
  const apply = (...manifests: readonly unknown[]) => service.apply("acme", manifests, { dryRun: false });
  return { keyValue, service, registry, names, apply };
};

test("a manifest over 512 KiB is refused by name, and nothing of its list is applied", async () => {
  const { names, apply } = open();
  const refused = {
    code: "TOO_LARGE",
    message: expect.stringMatching(/^Agent large has \d+ bytes, 524288 are allowed$/),
  };
  await expect(apply(agent("small"), agent("large", "x".repeat(512 * 1024)))).rejects.toMatchObject(refused);
  expect(names()).toEqual([]);
});

test("an agent is made ready as it would be, and is not applied; what has no tasks is refused", async () => {
  const { service, names, apply } = open();
  const prepared = await service.prepare("acme", agent("a", "does it better"));
  expect([prepared.name, prepared.agent.definition.name, names()]).toEqual(["a", "a", []]);
  expect(await service.list("acme")).toEqual([]);
  expect(await apply(agent("a", "does it better"))).toMatchObject([{ revision: prepared.revision }]);
  await expect(service.prepare("acme", model("m"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

/** Fails the writes of manifests from the nth on, as a full disk would. */
const failingFrom = (keyValue: KeyValue, nth: number): KeyValue => {
  let writes = 0;
  return new Proxy(keyValue, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const [scope] = args as [{ readonly namespace: string }];
        if (property === "put" && scope.namespace === "manifests" && ++writes >= nth)
          throw new PlatformError("STORE_UNAVAILABLE", "the disk is full");
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
};

test("one manifest that is wrong leaves all others alone", async () => {
  const { apply, service, names } = open();
  await expect(apply(agent("a"), { ...agent("b"), spec: {} })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(apply(agent("a"), agent("a"))).rejects.toThrow("Agent/a stands in it twice");
  expect(await service.list("acme")).toEqual([]);
  expect(names()).toEqual([]);
});

test("a store that fails halfway is told with what is applied and what is not, and applying again does the rest", async () => {
  const first = open();
  // The first says which agents come.
  const second = open(failingFrom(first.keyValue, 4));
  const manifests = [agent("a"), agent("b"), model("m"), agent("c")];
  await expect(second.apply(...manifests)).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    retryable: true,
    message: expect.stringContaining("applied: Agent/a, Agent/b; not applied: Model/m, Agent/c"),
    details: { applied: ["Agent/a", "Agent/b"], notApplied: ["Model/m", "Agent/c"] },
  });
  expect(second.names()).toEqual(["a", "b"]);
  const third = open(first.keyValue);
  await third.service.restore();
  expect(third.names()).toEqual(["a", "b"]);
  expect((await third.apply(...manifests)).map(({ change }) => change)).toEqual([
    "unchanged",
    "unchanged",
    "created",
    "created",
  ]);
  expect(third.names()).toEqual(["a", "b", "c"]);
});

test("a tenant is known after a restart also when none of its agents is there any more", async () => {
  const { apply, keyValue, service } = open();
  await apply(agent("a"));
  await service.delete("acme", "Agent", "a");
  const again = open(keyValue);
  await again.service.restore();
  expect(again.names()).toEqual([]);
  expect(await again.service.tenantIds()).toEqual(["acme"]);
});

test("a dry run writes nothing", async () => {
  const { service, keyValue } = open(failingFrom(createMemoryKeyValue({ clock }), 1));
  expect(await service.apply("acme", [agent("a"), model("m")], { dryRun: true })).toMatchObject([
    { change: "created" },
    { change: "created" },
  ]);
  expect(await keyValue.list({ tenantId: "system", namespace: "tenants" })).toEqual([]);
});

test("a tenant with more manifests than a page of the store has them all after a restart", async () => {
  const { apply, keyValue, service } = open();
  const all = Array.from({ length: 1100 }, (_, index) => agent(`a-${index}`));
  for (const part of [all.slice(0, 400), all.slice(400, 800), all.slice(800)]) await apply(...part);
  expect(await service.list("acme", "Agent")).toHaveLength(1100);
  const again = open(keyValue);
  await again.service.restore();
  expect(again.names()).toHaveLength(1100);
});

test("subscribers cannot be told while it is not known what an agent of an earlier version subscribes to", async () => {
  const { keyValue, service, registry } = open();
  const store = createManifestStore(keyValue);
  await store.addTenant("acme");
  await store.put("acme", { manifest: Manifest.parse(agent("old")), revision: "r0" });
  await expect(service.restore()).rejects.toThrow("old");
  await expect(service.subscribers("acme")).rejects.toMatchObject({
    code: "REVISION_UNAVAILABLE",
    message: expect.stringContaining("agent old"),
  });
  const record = {
    tenantId: "acme",
    name: "old",
    description: "does it",
    skills: [],
    labels: {},
    replicas: [],
    idempotent: false,
  };
  const register = (revision: string) => registry.register({ ...record, revision, subscribes: ["loan.*"] });
  register("r1");
  await expect(service.subscribers("acme")).rejects.toMatchObject({ code: "REVISION_UNAVAILABLE" });
  register("r0");
  expect((await service.subscribers("acme"))("loan.decided")).toEqual([{ agent: "old", revision: "r0" }]);
  await service.delete("acme", "Agent", "old");
  expect((await service.subscribers("acme"))("loan.decided")).toEqual([]);
});

const workflow = (name: string) => ({
  apiVersion: API_VERSION,
  kind: "Workflow",
  metadata: { name },
  spec: {
    description: "Pays back",
    input: { type: "object", properties: { amount: { type: "number" } }, required: ["amount"] },
    start: "done",
    nodes: { done: { type: "end", output: "${input.amount}" } },
  },
});

test("a workflow is an agent: there after a start as any other, listed by its kind, and gone when it is deleted", async () => {
  const first = open();
  expect(await first.apply(workflow("refund"), agent("a"))).toMatchObject([
    { kind: "Workflow", name: "refund", change: "created" },
    { kind: "Agent", name: "a" },
  ]);
  const { service, names, registry } = open(first.keyValue);
  await service.restore();
  expect(names()).toEqual(["a", "refund"]);
  expect(registry.byName("acme", "refund")).toMatchObject({ description: "Pays back" });
  expect(await service.list("acme", "Workflow")).toMatchObject([{ kind: "Workflow" }]);
  expect(await service.list("acme")).toHaveLength(2);
  expect(await service.get("acme", "Workflow", "refund")).toMatchObject({ spec: { start: "done" } });
  await expect(service.get("acme", "Agent", "refund")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await service.delete("acme", "Agent", "refund")).toBe(false);
  expect(names()).toEqual(["a", "refund"]);
  expect(await service.delete("acme", "Workflow", "refund")).toBe(true);
  expect(names()).toEqual(["a"]);
});

test("an agent and a workflow share their names: the second is refused, also in a dry run", async () => {
  const { service, apply } = open();
  await apply(agent("refund"));
  const refused = { code: "CONFLICT", message: expect.stringContaining("agentcore delete agent refund") };
  await expect(apply(workflow("refund"))).rejects.toMatchObject(refused);
  await expect(service.apply("acme", [workflow("refund")], { dryRun: true })).rejects.toMatchObject(refused);
  await service.delete("acme", "Agent", "refund");
  expect(await apply(workflow("refund"))).toMatchObject([{ change: "created" }]);
});

test("of an agent and a workflow of one name that are applied at once on two nodes, one is there and the other refused", async () => {
  const first = open();
  const second = open(first.keyValue);
  const outcomes = await Promise.allSettled([first.apply(agent("refund")), second.apply(workflow("refund"))]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find((each) => each.status === "rejected")?.reason).toMatchObject({ code: "CONFLICT" });
  expect(await first.service.list("acme")).toHaveLength(1);
});

test("a model is known as it is declared: applied, changed, deleted, and by another node at once or when its change is heard of", async () => {
  const { keyValue, service, apply } = open();
  const other = open(keyValue);
  const baseUrlOf = async (node: typeof service) => (await node.model("acme", "m"))?.spec.baseUrl ?? null;
  const at = (port: number) => ({ ...model("m"), spec: { baseUrl: `http://127.0.0.1:${port}/v1`, model: "m" } });
  expect(await baseUrlOf(service)).toBeNull();
  await apply(at(1));
  expect([await baseUrlOf(service), await baseUrlOf(other.service)]).toEqual(Array(2).fill("http://127.0.0.1:1/v1"));
  await other.service.restore();
  await apply(at(2));
  await other.service.restore();
  expect([await baseUrlOf(service), await baseUrlOf(other.service)]).toEqual(Array(2).fill("http://127.0.0.1:2/v1"));
  await service.delete("acme", "Model", "m");
  expect(await baseUrlOf(service)).toBeNull();
  await other.service.restore();
  expect(await baseUrlOf(other.service)).toBeNull();
  expect(await other.service.model("default", "m")).toBeNull();
});

test("a model that another node allowed is refused here, each time", async () => {
  const { keyValue, service } = open();
  const manifest = { ...model("m"), spec: { baseUrl: "http://10.0.0.1/v1", model: "m" } } as Manifest;
  const store = createManifestStore(keyValue);
  await store.addTenant("acme");
  await store.put("acme", { manifest, revision: "r" });
  const refused = { code: "INVALID_ARGUMENT", message: expect.stringContaining("private network") };
  await expect(service.model("acme", "m")).rejects.toMatchObject(refused);
  await service.restore();
  for (let call = 0; call < 2; call++) await expect(service.model("acme", "m")).rejects.toMatchObject(refused);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import { type AgentRecord, AgentRegistry, createReplica, type RegistryEvent, TopicIndex } from "./index.ts";

const record = (tenantId: string, name: string, more: Partial<AgentRecord> = {}): AgentRecord => ({
  tenantId,
  name,
  revision: "1",
  description: "",
  skills: [{ id: "score", name: "Score", description: "", tags: [] }],
  labels: { team: "risk", region: "eu" },
  subscribes: ["loan.*"],
  idempotent: false,
  replicas: [createReplica(`${name}-1`, "node-1")],
  ...more,
});

const setup = (options = {}) => {
  const clock = new ManualClock();
  const registry = new AgentRegistry({ clock, ...options });
  const events: RegistryEvent[] = [];
  registry.onEvent((event) => events.push(event));
  return { clock, registry, events };
};

const names = (records: readonly AgentRecord[]): string[] => records.map(({ name }) => name).toSorted();

test("I7: no look-up answers with an agent of another tenant", () => {
  const { registry } = setup();
  for (const tenant of ["acme", "globex"]) for (const name of ["a", "b"]) registry.register(record(tenant, name));
  registry.register(record("globex", "secret"));
  const found = [
    registry.byName("acme", "a"),
    ...registry.bySkill("acme", "score"),
    ...registry.byLabels("acme", { team: "risk" }),
    ...registry.subscribers("acme", "loan.decided"),
    ...registry.list("acme"),
  ];
  expect(found).toHaveLength(9);
  expect(found.every((one) => one?.tenantId === "acme")).toBe(true);
  expect(registry.byName("acme", "secret")).toBeUndefined();
  expect(registry.remove("acme", "secret")).toBe(false);
  expect(registry.heartbeat("acme", "secret", "secret-1")).toBe(false);
});

test("after any sequence of registrations and removals every index agrees with the list, per tenant (I7)", () => {
  const step = fc.record({
    tenant: fc.constantFrom("t1", "t2"),
    name: fc.constantFrom("a", "b", "c"),
    skill: fc.constantFrom("s1", "s2"),
    label: fc.constantFrom("x", "y"),
    topic: fc.constantFrom("loan.*", "loan.decided", "*", "mail.sent"),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const { registry } = setup();
      for (const { tenant, name, skill, label, topic, remove } of steps) {
        const before = registry.version(tenant);
        if (remove) registry.remove(tenant, name);
        else
          registry.register(
            record(tenant, name, {
              skills: [{ id: skill, name: "", description: "", tags: [] }],
              labels: { l: label },
              subscribes: [topic],
            }),
          );
        if (!remove) expect(registry.version(tenant)).toBeGreaterThan(before);
      }
      for (const tenant of ["t1", "t2"]) {
        const all = registry.list(tenant);
        for (const skill of ["s1", "s2"])
          expect(names(registry.bySkill(tenant, skill))).toEqual(
            names(all.filter(({ skills }) => skills[0]?.id === skill)),
          );
        for (const label of ["x", "y"])
          expect(names(registry.byLabels(tenant, { l: label }))).toEqual(
            names(all.filter(({ labels }) => labels.l === label)),
          );
        const hears = (topics: readonly string[]): boolean =>
          topics.some((topic) => ["loan.*", "loan.decided", "*"].includes(topic));
        expect(names(registry.subscribers(tenant, "loan.decided"))).toEqual(
          names(all.filter(({ subscribes }) => hears(subscribes))),
        );
      }
    }),
  );
});

test("an empty selector addresses nobody", () => {
  const { registry } = setup();
  registry.register(record("acme", "a"));
  expect(registry.byLabels("acme", {})).toEqual([]);
  expect(names(registry.byLabels("acme", { team: "risk", region: "eu" }))).toEqual(["a"]);
  expect(registry.byLabels("acme", { team: "risk", region: "us" })).toEqual([]);
});

test("an agent is told lost once when its replicas fall silent, and registered when one comes back", async () => {
  const { clock, registry, events } = setup();
  registry.register(record("acme", "a"));
  await clock.advance(15_000);
  registry.sweep();
  expect(events.map(({ type }) => type)).toEqual(["agent.registered"]);
  await clock.advance(1);
  registry.sweep();
  registry.sweep();
  registry.heartbeat("acme", "a", "a-1");
  expect(events.map(({ type }) => type)).toEqual(["agent.registered", "agent.lost", "agent.registered"]);
});

test("hosts add their replicas to one agent, and a known replica keeps its measurements", () => {
  const { registry } = setup();
  const replica = registry.register(record("acme", "a")).replicas[0];
  if (replica === undefined) throw new Error("no replica");
  registry.begin(replica);
  registry.settle(replica, 50, true);
  registry.settle(replica, 150, true);
  registry.register(record("acme", "a", { replicas: [createReplica("a-2", "node-2")] }));
  registry.register(record("acme", "a"));
  expect(registry.byName("acme", "a")?.replicas).toMatchObject([
    { id: "a-1", latencyMs: 60, inflight: 0 },
    { id: "a-2" },
  ]);
  registry.remove("acme", "a", "a-1");
  expect(registry.byName("acme", "a")?.replicas).toMatchObject([{ id: "a-2" }]);
});

test("every size is bounded, and a refused registration leaves what was there", () => {
  const { registry } = setup({ maxAgentsPerTenant: 1, maxTenants: 1, maxReplicasPerAgent: 1 });
  registry.register(record("acme", "a"));
  expect(() => registry.register(record("acme", "b"))).toThrow(/1 agents already/);
  expect(() => registry.register(record("globex", "a"))).toThrow(/1 tenants already/);
  expect(() => registry.register(record("acme", "a", { replicas: [createReplica("a-2", "n")] }))).toThrow(
    /at most 1 replicas/,
  );
  expect(() => registry.register(record("acme", "a", { subscribes: ["*.loan"] }))).toThrow(/not a topic pattern/);
  expect(names(registry.subscribers("acme", "loan.x"))).toEqual(["a"]);
});

test("a.* hears everything below a, but neither a itself nor ab.c", () => {
  const index = new TopicIndex<string>();
  index.add("a.*", "below");
  index.add("a.b.c", "exact");
  index.add("*", "all");
  expect(index.match("a.b.c").toSorted()).toEqual(["all", "below", "exact"]);
  expect(index.match("a")).toEqual(["all"]);
  expect(index.match("ab.c")).toEqual(["all"]);
});

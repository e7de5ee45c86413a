import fc from "fast-check";
import { expect, test } from "vitest";
import { type AgentRecord, AgentRegistry, createReplica, type Replica } from "../registry/index.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import {
  type Candidate,
  CircuitBreaker,
  pickReplica,
  type RouteFacts,
  resolveTarget,
  route,
  scoreCandidates,
} from "./index.ts";

interface Facts {
  readonly latencyMs?: number | undefined;
  readonly cost?: number | undefined;
  readonly quality?: number | undefined;
  readonly similarity?: number;
}

const candidate = (name: string, facts: Facts = {}, tenantId = "acme"): Candidate => {
  const replica: Replica = { ...createReplica(`${name}-1`, "n"), latencyMs: facts.latencyMs };
  const record: AgentRecord = {
    tenantId,
    name,
    revision: "1",
    description: "",
    skills: [],
    labels: { region: "eu" },
    subscribes: [],
    idempotent: false,
    cost: facts.cost,
    quality: facts.quality,
    replicas: [replica],
  };
  return { record, similarity: facts.similarity ?? 1 };
};

const factsOf = (candidates: readonly Candidate[], more: Partial<RouteFacts> = {}): RouteFacts => ({
  tenantId: "acme",
  target: "capability:score",
  candidates,
  now: 0,
  heartbeatTimeoutMs: 15_000,
  random: 0.5,
  ...more,
});

test("the score is the documented formula, with 100 ms, $0.01 and 0.75 for what is unknown", () => {
  const [a, b] = scoreCandidates([
    candidate("a"),
    candidate("b", { latencyMs: 50, cost: 0.02, quality: 1, similarity: 0.5 }),
  ]);
  expect(a?.score).toBeCloseTo(0.4 * 1 + 0.3 * (1 - 100 / 100) + 0.2 * (1 - 0.01 / 0.02) + 0.1 * (0.75 / 1));
  expect(b?.score).toBeCloseTo(0.4 * 0.5 + 0.3 * (1 - 50 / 100) + 0.2 * (1 - 0.02 / 0.02) + 0.1 * 1);
});

test("candidates that cost nothing and answer in no time still have finite scores between 0 and 1", () => {
  for (const { score } of scoreCandidates([
    candidate("a", { latencyMs: 0, cost: 0, quality: 0, similarity: 0 }),
    candidate("b", { latencyMs: 0, cost: 0 }),
  ])) {
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1 + 1e-9);
  }
});

const anyFacts = fc.record({
  latencyMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
  cost: fc.double({ min: 0, max: 10, noNaN: true }),
  quality: fc.double({ min: 0, max: 1, noNaN: true }),
  similarity: fc.double({ min: 0, max: 1, noNaN: true }),
});

test("bettering one value of a candidate never lowers it against any other", () => {
  fc.assert(
    fc.property(
      fc.array(anyFacts, { minLength: 2, maxLength: 6 }),
      fc.constantFrom("latencyMs", "cost", "quality", "similarity"),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, key, share) => {
        const [first, ...others] = all;
        if (first === undefined) return;
        const better = {
          ...first,
          [key]: key === "quality" || key === "similarity" ? first[key] + (1 - first[key]) * share : first[key] * share,
        };
        const before = scoreCandidates([first, ...others].map((facts, i) => candidate(`c${i}`, facts)));
        const after = scoreCandidates([better, ...others].map((facts, i) => candidate(`c${i}`, facts)));
        for (let i = 1; i < all.length; i++) {
          const lead = (scores: typeof before): number => (scores[0]?.score ?? 0) - (scores[i]?.score ?? 0);
          expect(lead(after)).toBeGreaterThanOrEqual(lead(before) - 1e-9);
        }
      },
    ),
  );
});

test("I7: whatever the candidates, an agent of another tenant is never chosen, scored or named", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("acme", "globex"), anyFacts), { maxLength: 8 }),
      fc.boolean(),
      (all, durable) => {
        const candidates = all.map(([tenant, facts], i) => candidate(`${tenant}-${i}`, facts, tenant));
        const decision = route(factsOf(candidates, { durable }));
        expect(decision.choice?.record.tenantId).toBe(all.some(([tenant]) => tenant === "acme") ? "acme" : undefined);
        expect(JSON.stringify(decision)).not.toContain("globex");
      },
    ),
  );
});

test("an agent counts as fast as it says until it was measured, and from then on as it is", () => {
  const [unknown, told, measured] = [
    candidate("unknown"),
    candidate("told"),
    candidate("measured", { latencyMs: 70 }),
  ].map(({ record, ...rest }) => ({
    ...rest,
    record: record.name === "unknown" ? record : { ...record, latencyMs: 10 },
  }));
  const latencies = scoreCandidates([unknown, told, measured] as Candidate[]).map(({ latencyMs }) => latencyMs);
  expect(latencies).toEqual([100, 10, 70]);
});

test("the choice scores highest, leads the scores, and every other candidate has its reason", () => {
  const open = new CircuitBreaker({ failures: 1 });
  open.fail(open.tryPass(0), 0);
  const decision = route(
    factsOf(
      [
        candidate("slow", { latencyMs: 900 }),
        candidate("fast", { latencyMs: 9 }),
        { ...candidate("ill"), breaker: open },
        candidate("dear", { cost: 9 }),
        candidate("barred"),
      ],
      {
        now: 1_000,
        constraints: { maxCost: 1 },
        refuse: ({ name }) => (name === "barred" ? "needs agents:read" : undefined),
      },
    ),
  );
  expect(decision.choice?.record.name).toBe("fast");
  expect(decision.scores.map(({ agent }) => agent)).toEqual(["fast", "slow"]);
  expect(decision.reasons.join("\n")).toMatch(
    /fast scores highest.*\nslow scores lower.*\nill its circuit breaker is open for another 59000 ms\ndear costs \$9, above \$1\nbarred needs agents:read/,
  );
});

test("silent agents are skipped; durable work waits for them when there is nobody else", () => {
  const late = factsOf([candidate("a")], { now: 15_001 });
  expect(route(late)).toMatchObject({ choice: undefined, filteredOut: [{ agent: "a", why: "health" }] });
  expect(route({ ...late, durable: true })).toMatchObject({
    choice: { record: { name: "a" }, replica: undefined },
    waits: true,
  });
});

test("equal candidates share the work instead of the first getting everything", () => {
  const [a, b] = [candidate("a"), candidate("b")];
  (a.record.replicas[0] as Replica).inflight = 1;
  expect(route(factsOf([a, b])).choice?.record.name).toBe("b");
});

const replicas = (loads: readonly number[]): Replica[] =>
  loads.map((inflight, i) => ({ ...createReplica(`r${i}`, "n"), inflight }));
const pick = { now: 0, heartbeatTimeoutMs: 15_000 };

test("of two different replicas the less loaded is picked, for every random number", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(9), { minLength: 2, maxLength: 9 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (loads, random) => {
        const picked = pickReplica(replicas(loads), { ...pick, random });
        // Two were compared, so the most loaded can only win when it ties.
        expect(picked?.inflight).toBeLessThanOrEqual(
          (loads.toSorted((x, y) => x - y).at(-2) as number) +
            (loads.filter((load) => load === Math.max(...loads)).length > 1 ? 9 : 0),
        );
      },
    ),
  );
});

test("a sticky key keeps its replica, and moves only when that one goes", () => {
  const all = replicas([0, 0, 0, 0]);
  for (let key = 0; key < 100; key++) {
    const stickyKey = `context-${key}`;
    const chosen = pickReplica(all, { ...pick, random: 0.1, stickyKey });
    expect(pickReplica(all.toReversed(), { ...pick, random: 0.9, stickyKey })).toBe(chosen);
    const other = all.find((replica) => replica !== chosen) as Replica;
    expect(
      pickReplica(
        all.filter((replica) => replica !== other),
        { ...pick, random: 0.5, stickyKey },
      ),
    ).toBe(chosen);
  }
  const used = new Set(
    Array.from({ length: 100 }, (_, key) => pickReplica(all, { ...pick, random: 0, stickyKey: `context-${key}` })?.id),
  );
  expect(used.size).toBe(4);
});

test("topic: targets are refused with what to use instead", () => {
  const registry = new AgentRegistry({ clock: new ManualClock() });
  expect(() => resolveTarget(registry, "acme", { topic: "a.b" })).toThrow(/emit an event/);
});

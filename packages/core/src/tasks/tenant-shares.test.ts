import fc from "fast-check";
import { expect, test } from "vitest";
import { takeInTurn } from "../storage/index.ts";
import { TenantShares } from "./tenant-shares.ts";

const NAMES = ["a", "b", "c", "d", "e"];

/** A store with queues, and a claimer that keeps the shares. */
class Queues {
  readonly shares = new TenantShares();
  readonly waiting = new Map<string, number>();
  readonly served = new Map<string, number>();
  private readonly weights: ReadonlyMap<string, number>;

  constructor(weights: ReadonlyMap<string, number>) {
    this.weights = weights;
  }

  weightOf = (tenantId: string): number => this.weights.get(tenantId) ?? 1;

  claim(limit: number, rooms: ReadonlyMap<string, number> = new Map()): void {
    const turns = [...this.waiting.keys()].map(
      (name) => [name, { weight: this.weightOf(name), pass: this.shares.ahead.get(name) }] as const,
    );
    const rows = [...this.waiting].map(
      ([name, count]) =>
        [
          name,
          { rows: Array.from({ length: Math.min(count, limit) }, () => name), room: rooms.get(name) ?? count },
        ] as const,
    );
    const taken = takeInTurn(new Map(rows), { tenants: new Map(turns) }, limit);
    const counts = new Map<string, number>();
    for (const name of taken) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      this.waiting.set(name, (this.waiting.get(name) ?? 0) - 1);
      this.served.set(name, (this.served.get(name) ?? 0) + 1);
    }
    this.shares.charge(counts, this.weightOf, taken.length < limit);
  }
}

const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: NAMES.length });
const limits = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });

test("while tenants have work waiting, what each got, by weight, differs by at most one task of each, whatever the claims", () => {
  fc.assert(
    fc.property(weights, limits, limits, (each, before, during) => {
      const queues = new Queues(new Map(each.map((weight, index) => [NAMES[index] ?? "", weight])));
      const [late = "", ...busy] = NAMES.slice(0, each.length);
      for (const name of busy) queues.waiting.set(name, 100_000);
      for (const limit of before) queues.claim(limit);
      // One comes that had nothing: from now on it counts like the others, with no credit for what it did not want.
      queues.waiting.set(late, 100_000);
      queues.served.clear();
      for (const limit of during) {
        queues.claim(limit);
        for (const one of [late, ...busy])
          for (const other of busy) {
            const [first, second] = [one, other].map((name) => (queues.served.get(name) ?? 0) / queues.weightOf(name));
            const bound = 1 / queues.weightOf(one) + 1 / queues.weightOf(other);
            expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThanOrEqual(bound + 1e-9);
          }
      }
    }),
  );
});

test("a tenant that was held up by its own limit gets no more for it afterwards", () => {
  const queues = new Queues(new Map());
  for (const name of ["a", "b"]) queues.waiting.set(name, 1000);
  for (let claim = 0; claim < 100; claim++) queues.claim(1, new Map([["a", 0]]));
  queues.served.clear();
  for (let claim = 0; claim < 100; claim++) queues.claim(1);
  // What the other is ahead of it by at most.
  expect(queues.served.get("a")).toBeLessThanOrEqual(51);
});

test("nobody starves: whoever waits is served before anybody else is served twice by weight", () => {
  fc.assert(
    fc.property(weights, (each) => {
      const queues = new Queues(new Map(each.map((weight, index) => [NAMES[index] ?? "", weight])));
      const names = NAMES.slice(0, each.length);
      for (const name of names) queues.waiting.set(name, 100_000);
      const total = each.reduce((sum, weight) => sum + weight, 0);
      // In as many tasks as the weights add up to, each has had its own, but for the one that was under way.
      for (let claim = 0; claim < total + names.length; claim++) queues.claim(1);
      for (const name of names) expect(queues.served.get(name) ?? 0).toBeGreaterThanOrEqual(queues.weightOf(name) - 1);
    }),
    { numRuns: 20 },
  );
});

test("only tenants that are ahead are remembered, and nobody once nobody is left waiting", () => {
  const queues = new Queues(new Map([["a", 7]]));
  for (let round = 0; round < 50; round++) {
    for (const name of NAMES) queues.waiting.set(name, 3);
    queues.waiting.set(`guest-${round}`, 1);
    for (let claim = 0; claim < 5; claim++) queues.claim(3);
    expect(queues.shares.ahead.size).toBeLessThanOrEqual(NAMES.length + 1);
    queues.claim(100);
    expect(queues.shares.ahead.size).toBe(0);
  }
});

test("a weight that changes while claims run holds from the next task on", () => {
  const changing = new Map([["a", 1]]);
  const queues = new Queues(changing);
  for (const name of ["a", "b"]) queues.waiting.set(name, 10_000);
  for (let claim = 0; claim < 100; claim++) queues.claim(3);
  changing.set("a", 9);
  queues.served.clear();
  for (let claim = 0; claim < 100; claim++) queues.claim(10);
  expect(queues.served.get("a")).toBeGreaterThanOrEqual(899);
  expect(queues.served.get("a")).toBeLessThanOrEqual(901);
});

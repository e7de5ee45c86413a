/** Nodes that take turns, whose processes stall, die and come back, whose store fails, hangs and loses answers, and whose clocks are set. */
import { PlatformError } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { Clock, KeyValue, Timer } from "@agentcore/core/ports";
import { TurnLease } from "@agentcore/core/retention";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Turn, type TurnWork } from "./turn.ts";

const LEASE_MS = 20_000;
const SCOPE = { tenantId: "system", namespace: "turns" };

/** What becomes of a question to the store: `lost` is done, and nobody is told. */
type Store = "answers" | "fails" | "hangs" | "lost";

class World {
  readonly time = new ManualClock();
  asker: Pick<Clock, "now"> = this.time;
  readonly keyValue = createMemoryKeyValue({ clock: { now: () => this.asker.now() } });
  private lives = 0;

  start(name: string, more: Partial<TurnWork> = {}, random = () => 0): TurnNode {
    this.lives += 1;
    const node = new TurnNode(this, { name, life: String(this.lives).padStart(4, "0"), more, random });
    node.turn.start();
    return node;
  }
}

interface NodeOptions {
  readonly name: string;
  readonly life: string;
  readonly more: Partial<TurnWork>;
  readonly random: () => number;
}

class TurnNode {
  readonly turn: Turn;
  readonly lease: TurnLease;
  readonly name: string;
  readonly logger = createRecordingLogger();
  store: Store = "answers";
  questions = 0;
  isLeaving = false;
  isDead = false;
  isStalled = false;
  rounds = 0;
  /** Of the tenure that the work is in. */
  signal: AbortSignal | null = null;
  /** A clock that is set forward is seen with the next look, and may have been a machine that slept. */
  jumpedAt = Number.NEGATIVE_INFINITY;
  private offset = 0;
  private readonly world: World;
  private readonly late = new Set<() => void>();
  private readonly hung: (() => void)[] = [];

  constructor(world: World, { name, life, more, random }: NodeOptions) {
    this.world = world;
    this.name = name;
    const clock = {
      now: () => world.time.now() + this.offset,
      monotonic: () => world.time.monotonic(),
      after: (ms: number, callback: () => void) => this.after(ms, callback),
    };
    const ask = <Given extends unknown[], T>(method: (...given: Given) => Promise<T>) => {
      return async (...given: Given): Promise<T> => {
        this.questions += 1;
        if (this.isDead) return new Promise<never>(() => {});
        if (this.store === "fails") throw new PlatformError("STORE_UNAVAILABLE", "it is away");
        if (this.store === "hangs") await new Promise<void>((resolve) => this.hung.push(resolve));
        world.asker = clock;
        const answer = await method(...given);
        if (this.store === "lost") throw new PlatformError("STORE_UNAVAILABLE", "nobody knows");
        return answer;
      };
    };
    const keyValue = {
      get: ask(world.keyValue.get.bind(world.keyValue)),
      put: ask(world.keyValue.put.bind(world.keyValue)),
      delete: ask(world.keyValue.delete.bind(world.keyValue)),
    } satisfies Partial<KeyValue> as unknown as KeyValue;
    this.lease = new TurnLease({ keyValue, clock, scope: SCOPE, key: "k", node: name, life, ttlMs: LEASE_MS });
    this.turn = new Turn({
      ...{ key: "k", does: "works", lease: this.lease, leaseMs: LEASE_MS, clock, logger: this.logger, random },
      isLeaving: () => this.isLeaving,
      round: async (signal) => {
        this.rounds += 1;
        this.signal = signal;
        return 1_000;
      },
      ...more,
    });
  }

  get works(): boolean {
    return !this.isDead && !this.isStalled && this.signal?.aborted === false;
  }

  get holds(): boolean {
    return !this.isDead && this.lease.heldForMs > 0;
  }

  jump(ms: number): void {
    this.offset += ms;
    this.jumpedAt = this.world.time.monotonic();
  }

  become(store: Store): void {
    this.store = store;
    if (store === "answers") for (const answer of this.hung.splice(0)) answer();
  }

  resume(): void {
    this.isStalled = false;
    for (const callback of [...this.late]) {
      this.late.delete(callback);
      callback();
    }
  }

  private after(ms: number, callback: () => void): Timer {
    const fire = (): void => {
      if (this.isDead) return;
      if (this.isStalled) this.late.add(fire);
      else callback();
    };
    const timer = this.world.time.after(ms, fire);
    return {
      cancel: () => {
        timer.cancel();
        this.late.delete(fire);
      },
    };
  }
}

const worldOf = (...names: readonly string[]) => {
  const world = new World();
  const nodes = names.map((name) => world.start(name));
  onTestFinished(async () => {
    for (const node of nodes) node.become("answers");
    await Promise.all(nodes.filter(({ isDead }) => !isDead).map(({ turn }) => turn.close()));
    expect(world.time.nextTimerAt()).toBeNull();
  });
  return { world, nodes, time: world.time };
};
const pair = () => {
  const { nodes, ...rest } = worldOf("a", "b");
  const [a, b] = nodes as [TurnNode, TurnNode];
  return { a, b, ...rest };
};

test("one has it, in rounds, and who stands by only reads", async () => {
  const { a, b, time } = pair();
  await time.advance(0);
  await time.advance(60_000);
  expect([a.works, b.works, a.rounds, b.rounds]).toEqual([true, false, 61, 0]);
  // Twice a lease the one writes; four times the other looks.
  expect(a.questions).toBeLessThanOrEqual(2 + 60_000 / 10_000);
  expect(b.questions).toBeLessThanOrEqual(2 + 60_000 / 5_000);
});

test("when its process dies another has it within one and a half of the lease, whenever it dies and whatever chance says", async () => {
  for (let chance = 0; chance < 1; chance += 0.04)
    for (let lived = 30_100; lived < 41_000; lived += 2_000) {
      const world = new World();
      const a = world.start("a");
      await world.time.advance(0);
      const b = world.start("b", {}, () => chance);
      await world.time.advance(lived);
      a.isDead = true;
      await world.time.advance(LEASE_MS * 0.4);
      expect(b.works).toBe(false);
      await world.time.advance(LEASE_MS * 1.1);
      expect(b.works).toBe(true);
      await b.turn.close();
    }
});

test("when it is closed another has it with its next look, and it says so only when its work is over", async () => {
  const world = new World();
  const over = Promise.withResolvers<void>();
  const a = world.start("a", { end: () => over.promise });
  await world.time.advance(0);
  const b = world.start("b");
  await world.time.advance(1_000);
  let isClosed = false;
  const closed = a.turn.close().then(() => (isClosed = true));
  await world.time.advance(6_000);
  expect([a.signal?.aborted, isClosed, b.works]).toEqual([true, false, false]);
  over.resolve();
  await closed;
  await world.time.advance(5_000);
  expect(b.works).toBe(true);
  await b.turn.close();
  expect(await world.keyValue.list(SCOPE)).toEqual([]);
  expect(world.time.nextTimerAt()).toBeNull();
});

test("a store that hangs keeps nobody from closing", async () => {
  const { a, time } = pair();
  await time.advance(0);
  a.become("hangs");
  await time.advance(12_000);
  let isClosed = false;
  const closed = a.turn.close().then(() => (isClosed = true));
  await time.advance(2_000);
  expect(isClosed).toBe(true);
  await closed;
});

test.each(["fails", "lost"] as const)(
  "a store that %s for half the lease costs nothing, and is told once",
  async (store) => {
    const { a, b, time } = pair();
    await time.advance(5_000);
    const { signal } = a;
    a.become(store);
    await time.advance(LEASE_MS / 2 - 1);
    expect(a.signal?.aborted).toBe(false);
    a.become("answers");
    await time.advance(60_000);
    expect([a.signal, a.works, b.works]).toEqual([signal, true, false]);
    expect(a.logger.records.map(({ level, message }) => [level, message])).toEqual([
      ["error", expect.stringContaining("cannot tell who works: ")],
      ["warn", "cannot tell who works: this is over"],
    ]);
  },
);

test.each(["fails", "hangs"] as const)(
  "its work is told to end before another can have it when its store %s",
  async (store) => {
    const { a, b, time } = pair();
    await time.advance(1_000);
    a.become(store);
    for (let passed = 0; passed < 40_000; passed += 100) {
      await time.advance(100);
      if (a.works) expect(a.lease.heldForMs).toBeGreaterThan(0);
      expect(a.works && b.works).toBe(false);
    }
    expect([a.works, b.works]).toEqual([false, true]);
    a.become("answers");
    await time.advance(60_000);
    expect([a.works, b.works]).toEqual([false, true]);
  },
);

test("what takes long to end is not begun anew before it is over", async () => {
  const world = new World();
  let under = 0;
  const over = Promise.withResolvers<void>();
  const node = world.start("a", {
    round: async (signal) => {
      if (under > 0) throw new Error("twice");
      under += 1;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await over.promise;
      under -= 1;
      return 0;
    },
  });
  await world.time.advance(0);
  const other = world.start("b", {}, () => 0.5);
  node.become("fails");
  await world.time.advance(18_000);
  node.become("answers");
  // Nor does it keep others from it meanwhile.
  await world.time.advance(12_000);
  expect([under, other.works]).toEqual([1, true]);
  await other.turn.close();
  over.resolve();
  await world.time.advance(5_000);
  expect([under, node.logger.records.length]).toEqual([1, 2]);
  await node.turn.close();
});

test("a round that fails is told, once, and tried again", async () => {
  const world = new World();
  let fails = true;
  let rounds = 0;
  const node = world.start("a", {
    round: async () => {
      rounds += 1;
      if (fails) throw new Error("no room");
      return Number.POSITIVE_INFINITY;
    },
  });
  await world.time.advance(16_000);
  fails = false;
  await world.time.advance(60_000);
  expect(rounds).toBe(5);
  expect(node.logger.records.map(({ message }) => message)).toEqual([
    "this node, which works, fails at it: no room",
    "this node, which works, fails at it: this is over",
  ]);
  node.turn.wake();
  await world.time.advance(0);
  expect(rounds).toBe(6);
  await node.turn.close();
});

test("a wake in the middle of a round makes another", async () => {
  const world = new World();
  const first = Promise.withResolvers<void>();
  let rounds = 0;
  const node = world.start("a", {
    round: async () => {
      rounds += 1;
      if (rounds === 1) await first.promise;
      return Number.POSITIVE_INFINITY;
    },
  });
  await world.time.advance(0);
  for (let count = 0; count < 3; count += 1) node.turn.wake();
  await world.time.advance(0);
  expect(rounds).toBe(1);
  first.resolve();
  await world.time.advance(0);
  expect(rounds).toBe(2);
  await node.turn.close();
});

test("what nobody wants is asked for by nobody, and let go of", async () => {
  const world = new World();
  let isWanted = false;
  const node = world.start("a", { isWanted: () => isWanted });
  await world.time.advance(60_000);
  expect([node.questions, world.time.nextTimerAt()]).toEqual([0, null]);
  isWanted = true;
  node.turn.wake();
  await world.time.advance(0);
  expect(node.works).toBe(true);
  isWanted = false;
  node.turn.wake();
  await world.time.advance(0);
  expect([node.works, await world.keyValue.list(SCOPE), world.time.nextTimerAt()]).toEqual([false, [], null]);
  await node.turn.close();
});

test("a node that is drained gives it to another, which keeps it when the drain is over", async () => {
  const { a, b, time } = pair();
  await time.advance(1_000);
  a.isLeaving = true;
  await time.advance(11_000);
  expect([a.works, b.works]).toEqual([false, true]);
  await time.advance(120_000);
  a.isLeaving = false;
  await time.advance(120_000);
  expect([a.works, b.works]).toEqual([false, true]);
});

test("where all nodes are drained one does it all the same, after two leases", async () => {
  const { a, b, time } = pair();
  await time.advance(1_000);
  for (const node of [a, b]) node.isLeaving = true;
  await time.advance(2 * LEASE_MS - 5_000);
  expect([a.works, b.works]).toEqual([false, false]);
  await time.advance(20_000);
  expect([a.works, b.works].filter(Boolean)).toHaveLength(1);
  const before = a.rounds + b.rounds;
  await time.advance(60_000);
  expect(a.rounds + b.rounds).toBe(before + 60);
});

test("those who stand by do not all ask in one moment", async () => {
  const world = new World();
  const asked: number[] = [];
  const first = world.start("first");
  await world.time.advance(0);
  let chance = 0;
  const others = Array.from({ length: 8 }, (_, index) =>
    world.start(`n${index}`, {}, () => (chance = (chance + 0.37) % 1)),
  );
  await world.time.advance(60_000);
  first.isDead = true;
  for (let passed = 0; passed < 30_000; passed += 50) {
    const before = others.map(({ questions }) => questions);
    await world.time.advance(50);
    asked.push(others.filter(({ questions }, index) => questions > (before[index] ?? 0)).length);
  }
  expect(Math.max(...asked)).toBeLessThanOrEqual(4);
  expect(others.filter(({ works }) => works)).toHaveLength(1);
  await Promise.all(others.map(({ turn }) => turn.close()));
});

const EVENTS = [
  "stall",
  "resume",
  "fails",
  "hangs",
  "lost",
  "answers",
  "die",
  "back",
  "forth",
  "drain",
  "undrain",
] as const;

test("whatever stalls, dies, fails and is set, no two hold it at once, and one works within one and a half of the lease", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          afterMs: fc.integer({ min: 0, max: 15_000 }),
          node: fc.integer({ min: 0, max: 2 }),
          event: fc.constantFrom(...EVENTS),
        }),
        { maxLength: 25 },
      ),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (events, chances) => {
        const world = new World();
        const random = (): number => chances.next().value;
        const nodes = ["a", "b", "c"].map((name) => world.start(name, {}, random));
        const pass = async (ms: number): Promise<void> => {
          for (let left = ms; left > 0; left -= 500) {
            await world.time.advance(Math.min(left, 500));
            expect(nodes.filter(({ holds }) => holds).length).toBeLessThanOrEqual(1);
            expect(nodes.filter(({ works }) => works).length).toBeLessThanOrEqual(1);
            for (const node of nodes)
              if (node.works && world.time.monotonic() - node.jumpedAt > LEASE_MS / 4) expect(node.holds).toBe(true);
          }
        };
        for (const { afterMs, node: index, event } of events) {
          await pass(afterMs);
          const node = nodes[index] as TurnNode;
          if (event === "stall") node.isStalled = true;
          else if (event === "resume") node.resume();
          else if (event === "die") {
            node.isDead = true;
            nodes[index] = world.start(node.name, {}, random);
          } else if (event === "drain" || event === "undrain") node.isLeaving = event === "drain";
          else if (event === "back" || event === "forth") node.jump(event === "back" ? -90_000 : 90_000);
          else node.become(event);
        }
        for (const node of nodes) {
          node.isLeaving = false;
          node.become("answers");
          node.resume();
        }
        await pass(LEASE_MS * 1.5);
        expect(nodes.filter(({ works }) => works)).toHaveLength(1);
        await Promise.all(nodes.map(({ turn }) => turn.close()));
      },
    ),
    { numRuns: 60 },
  );
});

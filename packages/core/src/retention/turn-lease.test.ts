import { expect, test } from "vitest";
import { createMemoryKeyValue } from "../inprocess/index.ts";
import type { KeyValue } from "../ports/index.ts";
import { ManualClock } from "../testing/index.ts";
import { TurnLease } from "./turn-lease.ts";

const TTL_MS = 300_000;
const SCOPE = { tenantId: "t", namespace: "turns" };

/** One store, in which rows end by the clock of whoever asks, as in PostgreSQL's; lives of processes are numbered as they begin. */
const createWorld = () => {
  const [clock, time] = [new ManualClock(), new ManualClock()];
  let asker = time;
  const keyValue = createMemoryKeyValue({ clock: { now: () => asker.now() } });
  let lives = 0;
  const leaseOf = (node: string, own: ManualClock) => {
    const asked =
      <Given extends unknown[], Answer>(method: (...given: Given) => Answer) =>
      (...given: Given): Answer => {
        asker = own;
        return method(...given);
      };
    const store = {
      get: asked(keyValue.get.bind(keyValue)),
      put: asked(keyValue.put.bind(keyValue)),
      delete: asked(keyValue.delete.bind(keyValue)),
    } satisfies Partial<KeyValue> as unknown as KeyValue;
    lives += 1;
    const life = String(lives).padStart(4, "0");
    return new TurnLease({ keyValue: store, clock: own, scope: SCOPE, key: "k", node, life, ttlMs: TTL_MS });
  };
  return { clock, time, leaseOf, keyValue };
};

/** As one that stands by does: it sees who has it, and looks again when that has run out. */
const follow = async (lease: TurnLease, ...clocks: readonly ManualClock[]): Promise<boolean> => {
  expect(await lease.take()).toBe(false);
  for (const each of clocks) await each.advance(TTL_MS);
  return lease.take();
};

test("a turn that another node has taken is lost at every question, not kept until the next renewal is due", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [slow, other] = [leaseOf("slow", clock), leaseOf("other", clock)];
  expect(await slow.take()).toBe(true);
  expect(await follow(other, clock)).toBe(true);
  expect(await slow.keep()).toBe(false);
  expect(await slow.keep()).toBe(false);
  expect(await other.keep()).toBe(true);
  await other.release();
  expect(await slow.keep()).toBe(true);
});

test("a turn is asked for again after the machine slept, while its monotonic clock stood still", async () => {
  const { clock, time, leaseOf } = createWorld();
  const [sleeper, other] = [leaseOf("sleeper", clock), leaseOf("other", time)];
  expect(await sleeper.take()).toBe(true);
  clock.jump(TTL_MS + 1);
  expect(await follow(other, time)).toBe(true);
  expect(await sleeper.keep()).toBe(false);
});

test("a turn is asked for as often when the node's clock is set back meanwhile: another may have it by then", async () => {
  const { clock, time, leaseOf } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", time)];
  expect(await one.take()).toBe(true);
  clock.jump(-3_600_000);
  expect(await follow(other, clock, time)).toBe(true);
  expect(await one.keep()).toBe(false);
});

test("it is held until it runs out, by either clock, and no more once it is let go or refused", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", clock)];
  expect(one.heldForMs).toBe(0);
  await one.take();
  expect(one.heldForMs).toBe(TTL_MS);
  await other.take();
  await clock.advance(TTL_MS - 10);
  expect(one.heldForMs).toBe(10);
  await clock.advance(11);
  expect(one.heldForMs).toBe(0);
  await other.take();
  expect([await one.keep(), one.heldForMs]).toEqual([false, 0]);
  clock.jump(TTL_MS);
  expect(other.heldForMs).toBe(0);
});

test("what was let go of is asked for anew: another may have taken it at once", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", clock)];
  await one.take();
  await one.release();
  expect([await other.take(), await one.keep(), one.heldForMs]).toEqual([true, false, 0]);
});

test.each([3_600_000, -3_600_000])(
  "of nodes whose clocks are %i ms apart one holds it, and the other goes on when it has died",
  async (apartMs) => {
    const { clock, time, leaseOf } = createWorld();
    clock.jump(apartMs);
    const [one, other] = [leaseOf("one", time), leaseOf("other", clock)];
    expect(await one.take()).toBe(true);
    for (let count = 0; count < 6; count += 1) {
      expect(await other.take()).toBe(false);
      for (const each of [time, clock]) await each.advance(TTL_MS / 2);
      expect(await one.keep()).toBe(true);
    }
    expect(await follow(other, time, clock)).toBe(true);
  },
);

test("a process follows an earlier one of its node at once, and is never followed by it", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [earlier, later] = [leaseOf("n", clock), leaseOf("n", clock)];
  expect(await earlier.take()).toBe(true);
  expect(await later.take()).toBe(true);
  // One that was stopped, and goes on beside the one that was started in its place.
  await clock.advance(TTL_MS / 2);
  expect([await earlier.keep(), earlier.heldForMs]).toEqual([false, 0]);
  expect([await later.keep(), later.heldForMs]).toEqual([true, TTL_MS]);
});

test("who stands by knows how long it cannot be free, and what nobody needs any more goes in a day", async () => {
  const { time: clock, leaseOf, keyValue } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", clock)];
  expect(other.freeInMs).toBe(0);
  await one.take();
  await other.take();
  expect(other.freeInMs).toBe(TTL_MS);
  await clock.advance(TTL_MS / 2);
  expect(other.freeInMs).toBe(TTL_MS / 2);
  await one.keep();
  await other.take();
  expect(other.freeInMs).toBe(TTL_MS);
  await clock.advance(TTL_MS + 86_400_000);
  expect(await keyValue.get(SCOPE, "k")).toBeNull();
});

test("a renewal whose answer was lost costs nothing: what was written is found", async () => {
  const { time: clock, leaseOf, keyValue } = createWorld();
  const one = leaseOf("one", clock);
  await one.take();
  await clock.advance(TTL_MS / 2);
  const put = keyValue.put.bind(keyValue);
  const entry = await keyValue.get(SCOPE, "k");
  await put(SCOPE, "k", entry?.value, { expectedVersion: entry?.version ?? 0 });
  expect([await one.keep(), one.heldForMs]).toEqual([true, TTL_MS]);
});

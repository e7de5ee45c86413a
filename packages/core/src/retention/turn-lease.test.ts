import { expect, test } from "vitest";
import { createMemoryKeyValue } from "../inprocess/index.ts";
import { ManualClock } from "../testing/index.ts";
import { TurnLease } from "./turn-lease.ts";

const TTL_MS = 300_000;

/** A store by `time`, as other nodes have it; `clock` may go its own way. */
const createWorld = () => {
  const [clock, time] = [new ManualClock(), new ManualClock()];
  const keyValue = createMemoryKeyValue({ clock: time });
  const scope = { tenantId: "t", namespace: "turns" };
  const leaseOf = (node: string, own: ManualClock) =>
    new TurnLease({ keyValue, clock: own, scope, key: "k", node, ttlMs: TTL_MS });
  return { clock, time, leaseOf };
};

test("a turn that another node has taken is lost at every question, not kept until the next renewal is due", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [slow, other] = [leaseOf("slow", clock), leaseOf("other", clock)];
  expect(await slow.take()).toBe(true);
  await clock.advance(TTL_MS + 1);
  expect(await other.take()).toBe(true);
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
  await time.advance(TTL_MS + 1);
  clock.jump(TTL_MS + 1);
  expect(await other.take()).toBe(true);
  expect(await sleeper.keep()).toBe(false);
});

test("a turn is asked for as often when the node's clock is set back meanwhile: another may have it by then", async () => {
  const { clock, time, leaseOf } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", time)];
  expect(await one.take()).toBe(true);
  clock.jump(-3_600_000);
  for (const each of [clock, time]) await each.advance(TTL_MS + 1);
  expect(await other.take()).toBe(true);
  expect(await one.keep()).toBe(false);
});

test("it is held until it runs out, by either clock, and no more once it is let go or refused", async () => {
  const { time: clock, leaseOf } = createWorld();
  const [one, other] = [leaseOf("one", clock), leaseOf("other", clock)];
  expect(one.heldForMs).toBe(0);
  await one.take();
  expect(one.heldForMs).toBe(TTL_MS);
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

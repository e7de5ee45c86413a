import type { Clock } from "@agentcore/core/ports";
import { TurnLease } from "@agentcore/core/retention";
import { expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const TTL_MS = 1_000;

test("a node whose clock goes half a minute ahead takes no turn from another, and follows it when it has died", async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  const leaseOf = async (node: string, aheadMs: number): Promise<TurnLease> => {
    const clock: Pick<Clock, "monotonic" | "now"> = {
      now: () => Date.now() + aheadMs,
      monotonic: () => performance.now(),
    };
    const { keyValue, close } = await openPostgres({ url, node, schema, maxConnections: 2, clock });
    onTestFinished(close);
    const scope = { tenantId: "system", namespace: "turns" };
    return new TurnLease({ keyValue, clock, scope, key: "k", node, life: node, ttlMs: TTL_MS });
  };
  const [one, ahead] = [await leaseOf("one", 0), await leaseOf("two", 30_000)];
  expect([await one.take(), await ahead.take()]).toEqual([true, false]);
  const since = performance.now();
  await expect.poll(() => ahead.take(), { timeout: 10 * TTL_MS, interval: TTL_MS / 4 }).toBe(true);
  expect(performance.now() - since).toBeGreaterThan(TTL_MS * 0.9);
  expect([await one.keep(), one.heldForMs]).toEqual([false, 0]);
});

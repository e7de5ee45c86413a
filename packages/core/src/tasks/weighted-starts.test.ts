/** Who begins next on a node with few places, as its tenants' weights have it: the whole engine, with clients that send the next task when the last is done. */
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

interface Play {
  readonly weights: readonly number[];
  readonly maxResident: number;
  /** Of tasks, in turn. */
  readonly lengthsMs: readonly number[];
  /** Between a claim and what it brings. */
  readonly claimMs: number;
  readonly afterwards: "ends" | "sleeps";
}

const WARM_UP = 30;
const COUNTED = 120;

/** The tenants of tasks as they began, by number. */
const play = async ({ weights, maxResident, lengthsMs, claimMs, afterwards }: Play): Promise<readonly number[]> => {
  const begun: number[] = [];
  const after = (ms: number): Promise<void> => new Promise((resolve) => void world.clock.after(ms, resolve));
  const work = (ctx: Context) => ctx.step("work", () => after(lengthsMs[begun.length % lengthsMs.length] ?? 1));
  const worker = define("worker", async ({ tenantId }, ctx) => {
    await ctx.step("begin", () => void begun.push(Number(tenantId.slice(1))));
    await work(ctx);
    if (afterwards === "sleeps") await ctx.sleep(10_000);
  });
  const world: EngineWorld = new EngineWorld([worker], {
    limits: { maxResident },
    wrap: (store) =>
      wrapStore(store, {
        claim: async (next, request) => {
          const claimed = await next(request);
          if (claimMs > 0) await after(claimMs);
          return claimed;
        },
      }),
  });
  for (const [index, weight] of weights.entries()) {
    world.tenants.set(`t${index}`, { weight });
    world.capacities.set(`t${index}/worker`, 1000);
  }
  const { service } = await world.alive();
  let isOver = false;
  const sendOn = async (tenantId: string): Promise<void> => {
    const scope = { tenantId, caller: "client" };
    while (!isOver) {
      const { taskId } = await service.submit(scope, { target: { agent: "worker" }, input: null });
      await service.settled(scope, taskId);
    }
  };
  // Enough that some wait however many are at work or asleep. The lightest comes first.
  const clients = afterwards === "sleeps" ? 150 : maxResident + 2;
  for (let client = 0; client < clients; client++)
    for (const index of weights.keys())
      void sendOn(`t${weights.length - 1 - index}`).catch((error: unknown) => {
        if (!isOver) throw error;
      });
  for (let rounds = 0; begun.length < WARM_UP + COUNTED && rounds < 5000; rounds++) await world.advance(5);
  isOver = true;
  return begun.slice(WARM_UP, WARM_UP + COUNTED);
};

test("with few places and clients that never stop, tenants begin tasks by their weights, however long tasks and claims take", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 3 }),
        maxResident: fc.integer({ min: 1, max: 4 }),
        lengthsMs: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        claimMs: fc.constantFrom(0, 3, 20),
        afterwards: fc.constantFrom("ends" as const, "sleeps" as const),
      }),
      async (one) => {
        const begun = await play(one);
        expect(begun).toHaveLength(COUNTED);
        const sum = one.weights.reduce((total, weight) => total + weight, 0);
        for (const [index, weight] of one.weights.entries()) {
          const had = begun.filter((each) => each === index).length;
          // One task at each end of what is counted, and what one claim brought may begin in another order.
          expect(Math.abs(had - (COUNTED * weight) / sum)).toBeLessThanOrEqual(2 + one.maxResident);
        }
      },
    ),
    { numRuns: 15, examples: [[{ weights: [3, 1], maxResident: 2, lengthsMs: [10], claimMs: 0, afterwards: "ends" }]] },
  );
});

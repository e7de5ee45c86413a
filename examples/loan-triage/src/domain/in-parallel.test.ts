import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { inParallel } from "./in-parallel.ts";

it("keeps the order, runs no more than allowed at once, and stops with the first failure", async () => {
  let running = 0;
  let most = 0;
  const work = async (ms: number, index: number): Promise<number> => {
    most = Math.max(most, (running += 1));
    await sleep(ms);
    running -= 1;
    return index;
  };
  expect(await inParallel([5, 1, 3, 2, 4, 1], 3, work)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(3);
  expect(await inParallel([], 3, work)).toEqual([]);
  await expect(
    inParallel([1, 2, 3], 2, async (each) => {
      if (each === 2) throw new Error("two");
    }),
  ).rejects.toThrow("two");
});

import { expect, test } from "vitest";
import { ManualClock } from "../testing/index.ts";
import { WriteQueue } from "./write-queue.ts";

const queueOn = (clock: ManualClock) =>
  new WriteQueue(clock, {
    maxWaiting: 10,
    onFailure: (error) => {
      throw error;
    },
  });

test("what nobody waits for comes after what is written at the end of the turn that asked", async () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const queue = queueOn(clock);
  queue.add(async () => void said.push("kept"));
  const committed = clock.turn().then(() => said.push("committed"));
  await queue.flush();
  await committed;
  expect(said).toEqual(["committed", "kept"]);
});

test("nothing is taken once it is closed, and what was taken is done", async () => {
  const said: string[] = [];
  const queue = queueOn(new ManualClock());
  expect(queue.add(async () => void said.push("first"))).toBe(true);
  await queue.close();
  expect(queue.add(async () => void said.push("second"))).toBe(false);
  expect(said).toEqual(["first"]);
});

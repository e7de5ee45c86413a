import { expect, test } from "vitest";
import { LostTries } from "./lost-tries.ts";

test("tries count until the log has a new event, each task by itself", () => {
  const tries = new LostTries();
  expect([tries.add("a", 3, "x"), tries.add("a", 3, "y"), tries.of("a", 3), tries.of("b", 3)]).toEqual([1, 2, 2, 0]);
  expect([tries.of("a", 4), tries.add("a", 4, "z"), tries.of("a", 3)]).toEqual([0, 1, 0]);
  expect([tries.lastWhy("a", 4), tries.lastWhy("a", 3)]).toEqual(["z", undefined]);
});

test("the oldest are forgotten", () => {
  const tries = new LostTries();
  for (let task = 0; task <= 10_000; task++) tries.add(`t${task}`, 1, "x");
  expect([tries.of("t0", 1), tries.of("t1", 1), tries.of("t10000", 1)]).toEqual([0, 1, 1]);
});

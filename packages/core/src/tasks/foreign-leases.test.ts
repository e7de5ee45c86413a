/** I1: every task that is created claimed has token 1, so another node may hold one with the very token that this one knows. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { CommitOutcome, CommitUnit } from "../ports/index.ts";

/** A node that has a task in memory which is another's by the store: leased, with that token, and not through this store. */
const nodeBesideAnother = (answer: () => CommitOutcome) => {
  const seen = { runs: 0, appends: [] as CommitUnit[] };
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => ++seen.runs))], {
    wrap: (store) =>
      wrapStore(store, {
        leases: async () => [],
        holds: async () => false,
        commit: async (next, units) => {
          if (units.every(({ append }) => append === undefined)) return next(units);
          seen.appends.push(...units);
          return units.map(answer);
        },
      }),
  });
  return { world, seen };
};

test("a task that another node holds with the same token is left to it", async () => {
  const { world, seen } = nodeBesideAnother(() => ({ outcome: "fenced" }));
  const taskId = await world.submit("worker");
  await world.advance(5000);
  expect(await world.head(taskId)).toMatchObject({ leased: true, token: 1 });
  expect(seen.runs).toBe(1);
  expect(seen.appends).toHaveLength(1);
  expect((await world.alive()).engine.resident).toBe(0);
});

test("what cannot be written of a task that another node holds with the same token does not park it", async () => {
  const { world, seen } = nodeBesideAnother(() => {
    throw new PlatformError("INTERNAL", "cannot be written");
  });
  await world.submit("worker");
  await world.advance(5000);
  expect(seen.runs).toBe(1);
  const events = seen.appends.flatMap(({ append }) => append?.events ?? []);
  expect(events.map(({ type }) => type)).toContain("step.completed");
  expect(events.map(({ type }) => type)).not.toContain("task.parked");
});

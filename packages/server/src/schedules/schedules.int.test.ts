/** Schedules of two nodes on one PostgreSQL, by the real clock. */
import { API_VERSION } from "@agentcore/contract";
import { afterEach, beforeEach, expect } from "vitest";
import { SCOPE, SharedDatabase, test } from "../../test/shared-database.ts";
import type { NodeParts } from "../compose.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const schedule = (name: string, spec: object) => ({
  ...{ apiVersion: API_VERSION, kind: "Schedule", metadata: { name } },
  spec: { target: { agent: "reporter" }, ...spec },
});
const started = async (node: NodeParts) => (await node.schedules.get("default", "tick")).started;
const timesOf = async (node: NodeParts): Promise<readonly string[]> => {
  const { heads } = await node.tasks.list(SCOPE, { agent: "reporter", pageSize: 100 });
  const times = heads.map(async ({ taskId }) => {
    const { metadata } = await node.tasks.view(SCOPE, taskId);
    return (metadata as { schedule: { time: string } }).schedule.time;
  });
  return (await Promise.all(times)).sort();
};

test("two nodes begin one task for each time, also when one hands over to the other, and none after a delete", async () => {
  const a = await shared.start("a");
  const b = await shared.start("b");
  await a.manifests.apply("default", [await shared.writeAgent("reporter", "(task) => task.input")], { dryRun: false });
  await b.manifests.apply("default", [schedule("tick", { cron: "* * * * * *", input: 1, catchUp: "all" })], {
    dryRun: false,
  });
  await expect.poll(() => started(b), { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
  const before = await started(b);
  await shared.stop(a);
  await expect.poll(() => started(b), { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 2);
  const c = await shared.start("c");
  await c.manifests.delete("default", "Schedule", "tick");
  await expect(c.schedules.get("default", "tick")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect.poll(() => b.schedules.list("default")).toEqual([]);
  const times = await timesOf(c);
  expect(new Set(times).size).toBe(times.length);
  const seconds = times.map((time) => Date.parse(time) / 1000);
  expect(seconds).toEqual(seconds.map((_, index) => (seconds[0] ?? 0) + index));
});

test("a node that is drained leaves its schedules to another within seconds, and takes them where there is none", async () => {
  const a = await shared.start("a", { turnLeaseMs: 2_000 });
  await a.manifests.apply("default", [await shared.writeAgent("reporter", "(task) => task.input")], { dryRun: false });
  await a.manifests.apply("default", [schedule("tick", { every: "1s", input: 1, overlap: "allow" })], {
    dryRun: false,
  });
  const begunBy = ({ metrics }: NodeParts): number =>
    Number(/agentcore_schedule_started_tasks_total (\d+)/.exec(metrics.render("default"))?.[1]);
  await expect.poll(() => begunBy(a), { timeout: 10_000 }).toBeGreaterThan(0);
  const b = await shared.start("b", { turnLeaseMs: 2_000 });
  await a.nodes.drain(SCOPE, "a", 0);
  await expect.poll(() => begunBy(b), { timeout: 10_000 }).toBeGreaterThan(0);
  const before = begunBy(a);
  await expect.poll(() => begunBy(b), { timeout: 10_000 }).toBeGreaterThan(2);
  expect(begunBy(a)).toBe(before);
  await shared.stop(b);
  await expect.poll(() => begunBy(a), { timeout: 15_000 }).toBeGreaterThan(before);
});

test("a schedule that is none is refused with its place, and nothing of its list is applied", async () => {
  const a = await shared.start("a");
  const apply = (...manifests: readonly object[]) => a.manifests.apply("default", manifests, { dryRun: true });
  const field = (name: string) => ({ code: "INVALID_ARGUMENT", violations: [{ field: name }] });
  await expect(apply(schedule("x", { cron: "0 9 * * MOX" }))).rejects.toMatchObject(field("spec.cron"));
  await expect(apply(schedule("x", { cron: "0 0 30 2 *" }))).rejects.toMatchObject(field("spec.cron"));
  await expect(apply(schedule("x", { every: "1h", jitter: "2h" }))).rejects.toMatchObject(field("spec.jitter"));
  await expect(apply(schedule("x", { cron: "0 9 * * *", timeZone: "Mars" }))).rejects.toMatchObject(
    field("spec.timeZone"),
  );
  await expect(apply(schedule("x", {}))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

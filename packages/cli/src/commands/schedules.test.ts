/** What `get` and `describe` say of schedules. */
import type { ScheduleStatus } from "@agentcore/contract";
import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const at = (text: string): number => Date.parse(text);
const schedule: ScheduleStatus = {
  name: "morning-report",
  state: "active",
  spec: { cron: "0 9 * * MON-FRI", timeZone: "Europe/Berlin", target: { agent: "reporter" } },
  next: [at("2026-01-05T08:00:00Z"), at("2026-01-06T08:00:00Z")],
  last: { time: at("2026-01-02T08:00:00Z"), taskId: "t1", state: "completed" },
  ...{ started: 4, skipped: 2, missed: 1, failed: 1 },
  failure: { time: at("2026-01-01T08:00:00Z"), code: "AGENT_NOT_FOUND", message: "there is no agent reporter" },
};

const run = async (...words: readonly string[]) => {
  const node = await startFakeNode({ schedules: [schedule] });
  return runInTest([...words, "--url", node.url], {});
};

test("a list says when each comes round, and what it did last", async () => {
  const { stdout } = await run("get", "schedules");
  expect(stdout).toMatch(
    /morning-report\s+0 9 \* \* MON-FRI Europe\/Berlin\s+active\s+2026-01-05\S*\s+2026-01-02\S*\s+t1/,
  );
  expect((await run("get", "schedules", "evening")).code).toBe(1);
});

test("one is described with what it left out and why", async () => {
  const { stdout } = await run("describe", "schedule", "morning-report");
  for (const line of [
    /Target: +agent:reporter/,
    /Overlap: +skip/,
    /Skipped: +2/,
    /Missed: +1/,
    /Last task: +t1, completed/,
  ])
    expect(stdout).toMatch(line);
  expect(stdout).toMatch(/Refused: .*AGENT_NOT_FOUND: there is no agent reporter/);
  expect(stdout).toMatch(/Next:\n {2}2026-01-05/);
  expect(JSON.parse((await run("describe", "schedule", "morning-report", "-o", "json")).stdout)).toEqual(schedule);
});

import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { nodeHealth } from "./node-health.ts";

const serving = { phase: "serving", condition: "ready", trouble: null, residentTasks: 2 } as const;
const taken = new PlatformError("CONFIG_INVALID", "another process has joined as node a");
const down = new PlatformError("STORE_UNAVAILABLE", "connect ECONNREFUSED 10.0.0.5:5432");

test("a node is ready when it serves, is not drained and holds its lease", () => {
  expect(nodeHealth(serving)).toEqual({ ready: true, checks: { state: "ready", residentTasks: 2 } });
});

test.each([
  [{ phase: "starting" }, "starting"],
  [{ phase: "stopping", condition: "drained" }, "stopping"],
  [{ condition: "draining" }, "draining"],
  [{ condition: "drained" }, "drained"],
  [{ trouble: taken }, "unavailable"],
  [{ trouble: down, condition: "drained" }, "unavailable"],
] as const)("with %j it is not ready: %s", (change, state) => {
  expect(nodeHealth({ ...serving, ...change })).toMatchObject({ ready: false, checks: { state } });
});

test("a full disk is named, and what to do", () => {
  const full = new PlatformError("STORE_UNAVAILABLE", "the disk is full: make room", {
    details: { reason: "disk full" },
  });
  expect(nodeHealth({ ...serving, trouble: full })).toMatchObject({
    ready: false,
    checks: { state: "unavailable", reason: { code: "STORE_UNAVAILABLE", message: "the disk is full: make room" } },
  });
});

test("the reason says what to change, and nothing of where the database is", () => {
  expect(nodeHealth({ ...serving, trouble: taken }).checks).toMatchObject({
    reason: { code: "CONFIG_INVALID", message: expect.stringContaining("joined as node a") },
  });
  const { checks } = nodeHealth({ ...serving, trouble: down });
  expect(checks).toMatchObject({ reason: { code: "STORE_UNAVAILABLE" } });
  expect(JSON.stringify(checks)).not.toContain("10.0.0.5");
});

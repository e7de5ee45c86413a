import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const row = (taskId: string, more: object = {}) => ({
  ...{ taskId, state: "input-required", revision: "r1", survives: true, differs: null, error: null },
  ...more,
});
const page = (nextPageToken: string, ...tasks: readonly object[]) => ({
  ...{ agent: "refund", revision: "r2", alreadyThere: 1, tasks, nextPageToken },
});
const lost = row("t2", {
  survives: false,
  differs: { seq: 7, path: "step:audit", recorded: ["step:audit"], made: ["step:note"], message: "it differs" },
});

test("says of each open task whether it would go on with the code of now, over all pages, and ends with 1 for one that does not", async () => {
  const node = await startFakeNode({ openTasks: [page("p2", row("t1")), page("", lost)] });
  const ran = await runInTest(["doctor", "--upgrade", "refund", "--url", node.url, "-o", "json"]);
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject([
    {
      check: "refund",
      status: "fail",
      detail: expect.stringMatching(/^1 of 2 open tasks .* with revision r2; 2 have it$/),
    },
    { check: "refund t1", status: "ok", detail: "input-required, revision r1: agrees" },
    {
      check: "refund t2",
      status: "fail",
      detail: expect.stringMatching(/at event 7 \(step:audit\) it differs.*step:note/),
    },
  ]);
  expect(node.requests.map(({ path, body }) => [path, body])).toEqual([
    ["/api/v1/agents/refund/replay", {}],
    ["/api/v1/agents/refund/replay", { pageToken: "p2" }],
  ]);
});

test("hands in manifests that are not applied, those that have tasks, and ends with 0 when all go on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-doctor-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const of = (kind: string, name: string) =>
    `apiVersion: agentcore.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: {}\n`;
  await writeFile(join(folder, "all.agent.yaml"), [of("Model", "m"), of("Workflow", "refund")].join("---\n"));
  const node = await startFakeNode({ openTasks: [page("", row("t1"))] });
  const ran = await runInTest(["doctor", "-f", folder, "--url", node.url]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  expect(node.requests).toMatchObject([
    { path: "/api/v1/agents/refund/replay", body: { manifest: { kind: "Workflow", metadata: { name: "refund" } } } },
  ]);
});

test("options that do not go together are refused", async () => {
  for (const words of [
    ["--upgrade", "a", "-f", "b"],
    ["--revision", "r1"],
  ]) {
    const ran = await runInTest(["doctor", ...words]);
    expect(ran.code).toBe(2);
  }
});

test.each([
  [
    "unavailable",
    { code: "STORE_UNAVAILABLE", message: "the disk is full: make room" },
    { status: "fail", code: 1, checks: 1 },
    "and takes no work: STORE_UNAVAILABLE: the disk is full: make room",
  ],
  ["drained", undefined, { status: "warn", code: 0, checks: 4 }, "and takes no work: it is drained"],
])("a node that answers and is %s is not said to be well", async (state, reason, expected, detail) => {
  const checks = { state, residentTasks: 0, ...(reason === undefined ? {} : { reason }) };
  const node = await startFakeNode({ readiness: { ready: false, checks } });
  const data = await mkdtemp(join(tmpdir(), "agentcore-doctor-"));
  onTestFinished(() => rm(data, { recursive: true }));
  const ran = await runInTest(["doctor", "--data", data, "--url", node.url, "-o", "json"]);
  const found = (JSON.parse(ran.stdout) as { check: string; status: string; detail: string }[]).filter(({ check }) =>
    ["node", "open tasks", "waiting for a person", "parked tasks", "port"].includes(check),
  );
  expect(ran.code).toBe(expected.code);
  expect(found).toHaveLength(expected.checks);
  expect(found[0]).toMatchObject({ status: expected.status, detail: `answers at ${node.url}, ${detail}` });
});

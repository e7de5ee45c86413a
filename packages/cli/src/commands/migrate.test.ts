import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const row = (taskId: string, more: object = {}) => ({
  ...{ taskId, state: "input-required", revision: "r1", survives: true, differs: null, error: null },
  ...{ to: "r2", outcome: "migrated", reason: null },
  ...more,
});
const page = (nextPageToken: string, ...tasks: readonly object[]) => ({
  ...{ agent: "greeter", revision: "r2", alreadyThere: 1, tasks, nextPageToken },
});
const fileWith = async (text: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-migrate-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "rules.yaml");
  await writeFile(file, text);
  return file;
};

test("moves all open tasks of an agent, page by page, by the rules of a file, and ends with 1 when one stays", async () => {
  const differs = { seq: 7, path: "step:a", recorded: ["step:a"], made: ["step:b"], message: "it differs" };
  const stays = row("t2", { outcome: "refused", survives: false, differs, reason: "it differs" });
  const node = await startFakeNode({ openTasks: [page("p2", row("t1")), page("", stays)] });
  const file = await fileWith("rename: { score: rate }\ndrop: [check]\n");
  const ran = await runInTest(["migrate", "greeter", "--to", "r2", "--from", "r1", "-f", file, "--url", node.url]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(/t1 +input-required +r1 +r2 +migrated/);
  expect(ran.stdout).toMatch(/t2 .* refused +at event 7 \(step:a\) it differs/);
  expect(ran.stderr).toContain("2 have it already");
  const rules = { rename: { score: "rate" }, drop: ["check"] };
  const asked = node.requests.filter(({ method }) => method === "POST");
  expect(asked.map(({ path, body }) => [path, body])).toEqual([
    ["/api/v1/agents/greeter/migrate", { revision: "r2", rules, from: "r1" }],
    ["/api/v1/agents/greeter/migrate", { revision: "r2", rules, from: "r1", pageToken: "p2" }],
  ]);
});

test("moves one task to what new tasks get, or only tells whether it could be", async () => {
  const node = await startFakeNode({ openTasks: [row("t9"), row("t9", { outcome: "possible" })] });
  expect(await runInTest(["migrate", "t9", "--url", node.url])).toMatchObject({ code: 0 });
  const dry = await runInTest(["migrate", "t9", "--dry-run", "-o", "json", "--url", node.url]);
  expect([dry.code, JSON.parse(dry.stdout)]).toMatchObject([0, [{ taskId: "t9", outcome: "possible" }]]);
  const asked = node.requests.filter(({ method }) => method === "POST");
  expect(asked.map(({ path, body }) => [path, body])).toEqual([
    ["/api/v1/tasks/t9/migrate", { revision: "current" }],
    ["/api/v1/tasks/t9/migrate", { revision: "current", dryRun: true }],
  ]);
});

test("with a revision to move from it is about an agent, also one that is not listed any more", async () => {
  const node = await startFakeNode({ openTasks: [page("", row("t1"))] });
  await runInTest(["migrate", "gone", "--from", "r1", "--to", "r2", "--url", node.url]);
  expect(node.requests.map(({ path }) => path)).toEqual(["/api/v1/agents/gone/migrate"]);
});

test("says what is wrong with rules before it asks", async () => {
  const node = await startFakeNode();
  const wrong = await runInTest(["migrate", "t9", "-f", await fileWith("rename: { a: a }\n"), "--url", node.url]);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("rename.a")]);
  const two = await fileWith("rename: { a: b }\n---\ndrop: [c]\n");
  expect((await runInTest(["migrate", "t9", "-f", two, "--url", node.url])).stderr).toContain("rules.yaml:3");
  expect(await runInTest(["migrate", "t9", "-f", "no-such-file", "--url", node.url])).toMatchObject({ code: 2 });
  expect(node.requests).toEqual([]);
});

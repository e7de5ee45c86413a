import type { Debugging, HeldCall, TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const report = { ...{ taskId: "t1", agent: "loans", revision: "r1", from: 1, to: 9, end: null, next: ["step:pay"] } };
const differs = { seq: 6, path: "step:b", recorded: ["step:b"], made: ["step:c"], message: "the log recorded step:b" };

const run = async (words: readonly string[], answers: Readonly<Record<string, unknown>>) => {
  const node = await startFakeNode({ answers });
  const ran = await runInTest([...words, "--url", node.url]);
  return { ...ran, sent: node.requests.map(({ method, path, body }) => [method, path, body]) };
};

test("replay says whether code and log agree, else where they part, and fails then", async () => {
  const replayed = "POST /api/v1/tasks/t1/replay";
  const same = await run(["replay", "t1", "--revision", "current"], {
    [replayed]: { ...report, agrees: true, differs: null },
  });
  expect([same.code, same.sent]).toEqual([0, [["POST", "/api/v1/tasks/t1/replay", { revision: "current" }]]]);
  expect(same.stdout).toMatch(/Agrees: +yes/);
  const other = await run(["replay", "t1"], { [replayed]: { ...report, agrees: false, differs } });
  expect(other.code).toBe(1);
  expect(other.stdout).toMatch(/At event: +6/);
  expect(other.stdout).toMatch(/Made: +\["step:c"\]/);
});

test("fork sends what is changed, also of paths that hold a =, and says where it goes on", async () => {
  const words = ["fork", "t1", "--at", "5", "--input", '{"n":2}', "--break", "node:a"];
  const set = ["--set", 'step:a={"x":"="}', "--set", "command:labels:team=desk=1"];
  const { code, stdout, sent } = await run([...words, ...set], {
    "POST /api/v1/tasks/t1/fork": { at: 5, existing: false, head: { taskId: "t2" }, task: {} },
  });
  expect(code).toBe(0);
  expect(stdout).toContain("t2 goes on from event 5 of t1");
  expect(sent).toEqual([
    [
      "POST",
      "/api/v1/tasks/t1/fork",
      {
        ...{ at: 5, input: { n: 2 }, breakpoints: ["node:a"], idempotencyKey: expect.any(String) },
        set: { "step:a": { x: "=" }, "command:labels:team=desk": 1 },
      },
    ],
  ]);
  expect((await run(["fork", "t1", "--set", "step:a"], {})).code).toBe(2);
  expect((await run(["fork", "t1", "--set", "step:a={"], {})).stderr).toContain("not valid JSON");
});

test("checkpoints lists events, chosen as asked", async () => {
  const { code, stdout, sent } = await run(["checkpoints", "t1", "--every-seconds", "2", "--changed"], {
    "GET /api/v1/tasks/t1/checkpoints": {
      checkpoints: [{ seq: 3, at: 0, type: "step.completed", path: "step:a" }],
      nextAfter: null,
    },
  });
  expect([code, sent[0]?.slice(0, 2)]).toEqual([0, ["GET", "/api/v1/tasks/t1/checkpoints"]]);
  expect(stdout).toMatch(/3 +1970-.* +step\.completed +step:a/);
});

test("checkpoints says when there are more, and goes on after those", async () => {
  const node = await startFakeNode({
    answers: { "GET /api/v1/tasks/t1/checkpoints": { checkpoints: [], nextAfter: 7 } },
  });
  const listed = await runInTest(["checkpoints", "t1", "--after", "3", "--limit", "1001", "--url", node.url]);
  expect(listed.stderr).toContain("there are more: --after 7");
  expect(node.requests[0]?.query).toBe("?after=3&limit=1001");
});

const HELD: HeldCall = {
  ...{ path: "step:each.3/score", kind: "step", node: "score", address: "each.3/score", breakpoint: "score", at: 0 },
  ...{ input: { n: 1 }, takesInput: true },
};
const debugging: Debugging = {
  ...{ breakpoints: ["score"], next: false, held: [HELD], heldCount: 1 },
  outputs: [
    { node: "read", address: "read", seq: 4, output: { pages: 2 }, size: 11 },
    { node: "check", address: "check@2", seq: 6, error: { code: "AGENT_FAILED", message: "no" }, size: 4 },
    { node: "scan", address: "scan", seq: 7, size: 90_000 },
  ],
};

test("debug shows where a task is held, with what, what came before, and how to go on", async () => {
  const progress = { "GET /api/v1/tasks/t1/progress": { share: 0.25, counts: { held: 1, pending: 2 }, nodes: [] } };
  const shown = await run(["debug", "t1"], { ...progress, "GET /api/v1/tasks/t1/breakpoints": debugging });
  expect([shown.code, shown.stdout.split("\n")]).toEqual([
    0,
    [
      ...["breakpoints: score", "progress: 25 %: 1 held, 2 pending"],
      ...["held before node score, each.3/score, step:each.3/score"],
      ...["  by score, since 1970-01-01T00:00:00.000Z", "  input:", "    {", '      "n": 1', "    }", "came before:"],
      ...['  read: {"pages":2}', "  check@2: failed, AGENT_FAILED: no", "  scan: about 90000 characters, in event 7"],
      "next:",
      "  agentcore debug t1 --continue               it begins",
      "  agentcore debug t1 --step                   it begins, and the next call is held",
      "  agentcore debug t1 --continue --input JSON  it begins with another input",
      "  agentcore debug t1 --set JSON               it does not begin, and comes to this",
      "",
    ],
  ]);
  const nothing = { ...debugging, held: [], heldCount: 0, outputs: [] };
  const free = await run(["debug", "t1"], { ...progress, "GET /api/v1/tasks/t1/breakpoints": nothing });
  expect(free.stdout).toContain("nothing is held");
  expect(free.stdout).not.toContain("next:");
});

test("debug adds breakpoints to those that are there, and lets go on what is held", async () => {
  const answers = {
    "GET /api/v1/tasks/t1/breakpoints": debugging,
    "POST /api/v1/tasks/t1/breakpoints": debugging,
    "POST /api/v1/tasks/t1/debug": debugging,
  };
  const added = await run(["debug", "t1", "--break", "step:*", "--next"], answers);
  expect(added.sent[1]).toEqual([
    ...["POST", "/api/v1/tasks/t1/breakpoints"],
    { breakpoints: ["score", "step:*"], next: true },
  ]);
  expect([added.stdout, added.stderr]).toEqual([
    "breakpoints: score, step:*, the next call\n",
    "see how it goes: agentcore debug t1\n",
  ]);
  const stepped = { ...answers, "GET /api/v1/tasks/t1/breakpoints": { ...debugging, next: true } };
  expect((await run(["debug", "t1", "--break", "b"], stepped)).sent[1]?.[2]).toEqual({
    ...{ breakpoints: ["score", "b"], next: true },
  });
  expect((await run(["debug", "t1", "--clear"], stepped)).sent[0]?.[2]).toEqual({ breakpoints: [], next: false });
  const sent = async (...words: string[]) => (await run(["debug", "t1", ...words], answers)).sent[0]?.[2];
  expect(await sent("--set", "3", "--path", "step:a")).toEqual({ action: "set", value: 3, path: "step:a" });
  expect(await sent("--continue", "--input", '{"n":2}')).toEqual({ action: "continue", input: { n: 2 } });
  expect(await sent("--step")).toEqual({ action: "step" });
  for (const wrong of [
    ["--step", "--continue"],
    ["--path", "a"],
    ["--set", "{"],
    ["--input", "1"],
    ["--set", "1", "--input", "1"],
  ])
    expect((await run(["debug", "t1", ...wrong], answers)).code).toBe(2);
});

test("a task that is held is shown so in lists and when it is described, with how it goes on", async () => {
  const node = await startFakeNode({
    tasks: [{ taskId: "t1", agent: "loans", state: "working", events: [], held: ["step:score"] }],
  });
  const listed = await runInTest(["get", "tasks", "--url", node.url]);
  expect(listed.stdout).toMatch(/t1 +loans +working, held /);
  expect(listed.stderr).toContain("agentcore debug TASK_ID");
  const described = await runInTest(["describe", "task", "t1", "--url", node.url]);
  expect(described.stdout).toContain("before step:score");
  expect(described.stdout).toContain("let it go on: agentcore debug t1 --continue");
});

test("whoever watches a task is told that it is held, and not that it was", async () => {
  const event = (seq: number, type: string, data: object) => ({ seq, at: 0, type, data }) as unknown as TaskEvent;
  const submission = { agent: "loans", revision: "r1", contextId: "c", caller: "ann", priority: "normal" };
  const [submitted, canceled] = [event(1, "task.submitted", submission), event(9, "task.canceled", {})];
  const heldAt = (seq: number) => event(seq, "call.held", { path: "step:score", kind: "step", breakpoint: "score" });
  const watch = async (...events: TaskEvent[]) => {
    const node = await startFakeNode({ tasks: [{ taskId: "t1", agent: "loans", state: "working", events }] });
    return (await runInTest(["watch", "t1", "--url", node.url])).stderr;
  };
  // The head stands at as many events as there are: 3.
  expect(await watch(submitted, heldAt(2), canceled)).not.toContain("held before");
  const now = await watch(submitted, heldAt(3), canceled);
  expect(now).toContain("held before step:score");
  expect(now).toContain("agentcore debug t1 --continue");
});

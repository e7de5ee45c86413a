/** Agents whose code runs apart from the node, on a whole node. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskEvent } from "@agentcore/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/apart/agents.ts", import.meta.url));
const ISOLATIONS = ["thread", "process"] as const;

let folder: string;
let node: RunningNode;

const manifest = (exportName: string, spec: Record<string, unknown> = {}, name = exportName) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: { code: { path: code, export: exportName }, ...spec },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-apart-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", codeRoots: [dirname(code)] },
    env: { ...process.env, AGENTCORE_TEST_SECRET: "hidden" },
  });
  await node.ready;
  await node.apply([manifest("child"), manifest("asking"), manifest("everything")]);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

const call = async (path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
};

const begin = async (agent: string, input: unknown): Promise<string> => {
  const begun = await call("/api/v1/tasks", { target: `agent:${agent}`, input });
  if (begun.status >= 300) throw new Error(JSON.stringify(begun));
  return begun.body.head.taskId;
};

const logOf = async (taskId: string): Promise<TaskEvent[]> =>
  (await call(`/api/v1/tasks/${taskId}/events?limit=1000`)).body.events;

const until = async <T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  const since = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - since > 50_000) throw new Error("it did not come to that in 50 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const inState = (taskId: string, ...states: string[]) =>
  until(async () => {
    const { body } = await call(`/api/v1/tasks/${taskId}`);
    return states.includes(body.head.state) ? body : undefined;
  });

/** Without what is the agent's or the task's own. */
const common = (result: unknown): string | undefined =>
  JSON.stringify(result)
    ?.replace(/[0-9a-f]{32}/g, "ID")
    .replace(/everything-(thread|process|sandbox)/, "everything");

/** What a log says but for what differs from run to run: ids, times, and where the code ran. */
const shapeOf = (events: readonly TaskEvent[]) =>
  events
    // Whether a task left memory while it waited is a matter of time.
    .filter(({ type }) => type !== "task.assigned")
    .map(({ type, data }) => {
      const { path, kind, inputHash, choice, attempt, error, result } = data as Record<string, unknown>;
      return {
        type,
        path,
        kind,
        inputHash,
        choice,
        attempt,
        error,
        result: common(result),
      };
    });

const finish = async (agent: string, input: unknown) => {
  const taskId = await begin(agent, input);
  await inState(taskId, "input-required");
  expect((await call(`/api/v1/tasks/${taskId}/messages`, { messageId: "m", text: "x" })).status).toBe(202);
  const asked = async () => (await logOf(taskId)).filter(({ type }) => type === "task.inputRequired").length;
  await until(async () => ((await asked()) === 2 ? true : undefined));
  expect((await call(`/api/v1/tasks/${taskId}/messages`, { messageId: "n", text: "7" })).status).toBe(202);
  const { task, head } = await inState(taskId, "completed", "failed", "rejected", "parked");
  const events = await logOf(taskId);
  if (head.state === "parked") throw new Error(JSON.stringify(events.at(-1)));
  return { events, task, head };
};

const outputOf = (events: readonly TaskEvent[]) => {
  const last = events.at(-1);
  return last?.type === "task.completed" ? (last.data.output as { place: string; said: unknown[] }) : undefined;
};

test.each([...ISOLATIONS, "sandbox"])(
  "code in a %s does all that code in the node does, and leaves the same log",
  async (isolation) => {
    await node.apply([manifest("everything", { isolation }, `everything-${isolation}`)]);
    for (const input of [{}, { n: 5, fail: true }]) {
      const here = await finish("everything", input);
      const apart = await finish(`everything-${isolation}`, input);
      expect(shapeOf(apart.events.slice(2, -1))).toEqual(shapeOf(here.events.slice(2, -1)));
      expect(apart.head.state).toBe("fail" in input ? "rejected" : "completed");
      if ("fail" in input) expect(apart.events.at(-1)?.data).toEqual(here.events.at(-1)?.data);
      else {
        expect(outputOf(apart.events)?.said).toEqual(outputOf(here.events)?.said);
        expect(outputOf(here.events)?.place).toBe(`${process.pid}/0`);
        const [pid, thread] = (outputOf(apart.events)?.place ?? "").split("/");
        expect(pid === String(process.pid)).toBe(isolation === "thread");
        expect(thread === "0").toBe(isolation !== "thread");
      }
    }
  },
);

test("what its input schema refuses is refused before the task is made, and a replay finds no difference", async () => {
  await node.apply([manifest("everything", { isolation: "process" }, "everything-process")]);
  const refused = await call("/api/v1/tasks", { target: "agent:everything-process", input: { n: "many" } });
  expect([refused.status, refused.body.error.code]).toEqual([400, "INVALID_ARGUMENT"]);
  const { head } = await finish("everything-process", {});
  const report = await call(`/api/v1/tasks/${head.taskId}/replay`, {});
  expect(report.body).toMatchObject({ agrees: true });
});

test.each(ISOLATIONS)(
  "queries are answered by a %s, and what it sees of an environment is its own",
  async (isolation) => {
    await node.apply([manifest("curious", { isolation, env: { OWN: "mine" } })]);
    const seen = await inState(await begin("curious", {}), "completed");
    const [answer] = seen.task.artifacts;
    expect(JSON.stringify(answer)).toContain('"secret":null,"own":"mine"');
    const asked = await inState(await begin("asking", { n: 1 }), "completed");
    expect(JSON.stringify(asked.task.artifacts)).toContain('{"payload":{"n":1},"tenant":"default","own":"mine"');
  },
);

test("a process that is killed in a step is a lost try: the task goes on, and what was recorded is not done again", async () => {
  await node.apply([manifest("counting", { isolation: "process" })]);
  const file = join(folder, "counted");
  const taskId = await begin("counting", { file });
  const lines = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
  const [, second = ""] = await until(() => (lines().length === 2 ? lines() : undefined));
  process.kill(Number(second.split(" ")[1]), "SIGKILL");
  const { task } = await inState(taskId, "completed", "parked", "failed");
  expect(JSON.stringify(task.artifacts)).toMatch(/\[".*\/0",".*\/0"\]/);
  // The step in flight ran again, under the same key.
  const [first, one = "", other = "", end] = lines();
  expect([first, end, lines().length]).toEqual(["first", "end", 4]);
  expect(one.split(" ")[2]).toBe(other.split(" ")[2]);
  expect(one.split(" ")[1]).not.toBe(other.split(" ")[1]);
  expect(
    (await logOf(taskId)).filter(({ type, data }) => type === "step.completed" && data.path === "step:first"),
  ).toHaveLength(1);
});

test.each(ISOLATIONS)(
  "code that never comes to rest in a %s stalls nobody, and its deadline ends it",
  async (isolation) => {
    await node.apply([
      manifest("busy", { isolation, timeoutMs: 600 }),
      manifest("child", { isolation }, "child-apart"),
    ]);
    const late = await begin("busy", {});
    let turns = 0;
    const ticks = setInterval(() => (turns += 1), 10);
    const { head } = await inState(late, "failed");
    clearInterval(ticks);
    expect(turns).toBeGreaterThan(20);
    expect(head.state).toBe("failed");
    expect((await logOf(late)).at(-1)?.data).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });
    // The next has a thread or process of its own, once the first is ended.
    const again = await begin("busy", {});
    await inState(again, "failed");
    expect((await inState(await begin("child-apart", 1), "completed")).task.artifacts).toBeDefined();
  },
);

/** Parked, and why. */
const parkedFor = async (taskId: string) => {
  await inState(taskId, "parked");
  return (await logOf(taskId)).at(-1)?.data;
};

test("what is out of memory, or ends itself, is a lost try, and the fifth parks the task", async () => {
  const heapBytes = 32 * 2 ** 20;
  const names = ISOLATIONS.flatMap((isolation) => [`greedy-${isolation}`, `mortal-${isolation}`]);
  await node.apply(
    ISOLATIONS.flatMap((isolation) => [
      manifest("greedy", { isolation, heapBytes }, `greedy-${isolation}`),
      manifest("mortal", { isolation }, `mortal-${isolation}`),
    ]),
  );
  // Each at its own pace, all at once.
  const tasks = await Promise.all(names.map((name) => begin(name, {})));
  for (const taskId of tasks) expect(await parkedFor(taskId)).toMatchObject({ error: { code: "ATTEMPTS_EXHAUSTED" } });
});

test("what is no message ends what sent it, a lost try, and the node goes on", async () => {
  await node.apply(ISOLATIONS.map((isolation) => manifest("babbling", { isolation }, `babbling-${isolation}`)));
  const tasks = await Promise.all(ISOLATIONS.map((isolation) => begin(`babbling-${isolation}`, {})));
  for (const taskId of tasks) expect(await parkedFor(taskId)).toMatchObject({ error: { code: "ATTEMPTS_EXHAUSTED" } });
});

test.each(ISOLATIONS)("guardrails of a manifest stand around code in a %s", async (isolation) => {
  await node.apply([manifest("repeating", { isolation, guardrails: [{ name: "redaction" }] })]);
  const { task } = await inState(await begin("repeating", "paid with 4111 1111 1111 1111"), "completed");
  const said = JSON.stringify(task.artifacts);
  expect(said).toContain("paid with");
  expect(said).not.toContain("1111 1111");
});

test("what cannot run apart is refused when it is applied, and says why", async () => {
  const refusal = async (spec: Record<string, unknown>, name = "child") =>
    node.apply([manifest(name, spec)]).then(
      () => null,
      (error: { message: string }) => JSON.stringify(error),
    );
  expect(await refusal({ isolation: "cell" })).toMatch(/spec.isolation.*thread.*process.*sandbox/);
  expect(await refusal({ isolation: "process" }, "compensating")).toMatch(/spec.isolation.*compensates/);
  expect(await refusal({ heapBytes: 2 ** 28 })).toMatch(/spec.heapBytes.*isolation/);
  expect(await refusal({ isolation: "process" }, "nothing")).toMatch(/nothing.*spec.code.export/);
});

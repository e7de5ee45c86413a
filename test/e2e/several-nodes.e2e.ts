/** Two nodes on one PostgreSQL, each a process started by the command: one is drained under load, one is killed under load. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskEvent } from "@agentcore/contract";
import { type Client, createClient } from "@agentcore/sdk";
import { afterEach, test as anyTest, beforeEach, expect } from "vitest";
import { createDatabase, hasPostgres, type OwnDatabase } from "../../packages/server/test/own-database.ts";
import { addressOf, RunningProgram, root, runAgentcore, startAgentcore } from "./programs.ts";

const test = hasPostgres ? anyTest : anyTest.skip;
const TASKS = 40;
const STEPS = ["one", "two", "three", "four"];

interface Effect {
  readonly task: string;
  readonly path: string;
  readonly key: string;
  readonly pid: number;
}

interface Node {
  readonly program: RunningProgram;
  readonly url: string;
  readonly client: Client;
}

let database: OwnDatabase;
let work: string;
let effectsUrl: string;
const programs: RunningProgram[] = [];

beforeEach(async () => {
  database = await createDatabase();
  work = await mkdtemp(join(tmpdir(), "agentcore-several-"));
  await copyFile(fileURLToPath(new URL("./several-nodes/worker.mjs", import.meta.url)), join(work, "worker.mjs"));
  await writeFile(join(work, "package.json"), '{ "type": "module" }');
  const manifests = ["worker", "asker"].map(
    (name) =>
      `apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: ${name} }\nspec: { code: { path: ./worker.mjs, export: ${name} } }\n`,
  );
  await writeFile(join(work, "agentcore.yaml"), manifests.join("---\n"));
  const script = join(root, "test/chaos/effects-server.ts");
  const effects = new RunningProgram(process.execPath, [script, "effects.jsonl"], { cwd: work });
  programs.push(effects);
  effectsUrl = await addressOf(effects);
});

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill("SIGKILL")));
  await database.drop();
  await rm(work, { recursive: true, force: true });
});

// A node that lost its lease on a busy machine would rightly repeat what was in flight: only the one that is killed may lose it soon.
const start = async (name: string, leaseMs = 60_000): Promise<Node> => {
  const apply = name === "a" ? ["--apply", "."] : [];
  const words = ["up", "--port", "0", "--node", name, "--data", name, "--lease-ms", String(leaseMs), ...apply];
  const program = startAgentcore(words, { cwd: work, env: { AGENTCORE_DATABASE_URL: database.url } });
  programs.push(program);
  const url = await addressOf(program);
  return { program, url, client: createClient({ url }) };
};

const agentcore = (node: Node, ...words: readonly string[]) =>
  runAgentcore(words, { cwd: work, env: { AGENTCORE_URL: node.url } });

const submit = async ({ client }: Node, stepMs: number): Promise<string> => {
  const input = { effects: effectsUrl, stepMs };
  return (await client.submit({ target: "agent:worker", input })).head.taskId;
};

const eventsOf = async ({ client }: Node, taskId: string): Promise<TaskEvent[]> => {
  const events: TaskEvent[] = [];
  for await (const event of client.events(taskId)) events.push(event);
  return events;
};

/** How often each step of each task has run, as the process outside counted. */
const countEffects = async (): Promise<Map<string, readonly Effect[]>> => {
  const lines = (await readFile(join(work, "effects.jsonl"), "utf8")).trim().split("\n");
  return Map.groupBy(
    lines.map((line) => JSON.parse(line) as Effect),
    ({ task, path }) => `${task} ${path}`,
  );
};

/** All tasks have completed, and each step has one result in its log. */
const mustBeComplete = async (node: Node, taskIds: readonly string[]): Promise<void> => {
  for (const taskId of taskIds) {
    const events = await eventsOf(node, taskId);
    expect(events.at(-1)).toMatchObject({ type: "task.completed", data: { output: STEPS.length } });
    const recorded = events.flatMap((event) => (event.type === "step.completed" ? [event.data.path] : []));
    expect(recorded).toEqual(STEPS.map((name) => `step:${name}`));
  }
};

/** Who has run it, in order. */
const nodesIn = (log: readonly TaskEvent[]): readonly string[] =>
  log.flatMap((event) => (event.type === "task.assigned" ? [event.data.node] : []));

const stateOf = async (node: Node, name: string): Promise<string> => (await node.client.node(name)).state;

const running = async (node: Node, name: string): Promise<number> => (await node.client.node(name)).tasks;

test("a node drained under load loses nothing and repeats nothing; it stays drained over a restart and works again when undrained", async () => {
  const a = await start("a");
  let b = await start("b");
  await expect.poll(async () => (await a.client.nodes()).nodes.length, { timeout: 10_000 }).toBe(2);
  await expect.poll(async () => (await b.client.agents()).agents.length, { timeout: 10_000 }).toBe(2);
  // Given to both, before and while one is drained.
  const submitted = Promise.all(Array.from({ length: TASKS }, (_, index) => submit(index % 2 === 0 ? a : b, 300)));
  await expect.poll(() => running(b, "b"), { interval: 10, timeout: 10_000 }).toBeGreaterThan(0);
  const draining = agentcore(a, "drain", "b", "--timeout", "60");
  expect(await draining).toMatchObject({ code: 0, stdout: "b is drained: it holds no task\n" });
  expect(await running(b, "b")).toBe(0);
  // It answers all the same, with what others do.
  const tasks = await submitted;
  await mustBeComplete(b, tasks);
  const logs = await Promise.all(tasks.map((taskId) => eventsOf(a, taskId)));
  const moved = logs.filter((log) => new Set(nodesIn(log)).size > 1);
  expect(moved.length).toBeGreaterThan(0);
  const effects = await countEffects();
  expect(effects.size).toBe(TASKS * STEPS.length);
  expect([...effects.values()].filter((each) => each.length > 1)).toEqual([]);

  await b.program.kill("SIGTERM");
  expect((await agentcore(a, "get", "nodes", "-o", "json")).stdout).not.toContain('"b"');
  b = await start("b");
  expect((await fetch(`${b.url}/readyz`)).status).toBe(503);
  const afterwards = await submit(b, 1);
  expect(nodesIn(await eventsOf(b, afterwards))).toEqual(["a"]);
  expect(await agentcore(a, "undrain", "b")).toMatchObject({ code: 0 });
  await expect.poll(() => stateOf(a, "b"), { timeout: 10_000 }).toBe("ready");
  expect((await fetch(`${b.url}/readyz`)).status).toBe(200);
});

test("a node killed under load: its tasks go on elsewhere, no recorded step is repeated, and it is shown as lost", async () => {
  const a = await start("a");
  const b = await start("b", 4_000);
  await expect.poll(async () => (await b.client.agents()).agents.length, { timeout: 10_000 }).toBe(2);
  const asking = (await b.client.submit({ target: "agent:asker", input: {} })).head.taskId;
  const tasks = await Promise.all(Array.from({ length: TASKS }, () => submit(b, 200)));
  await expect.poll(() => running(b, "b"), { interval: 10, timeout: 10_000 }).toBeGreaterThan(0);
  const dead = b.program.kill("SIGKILL");
  // What the dead node was given is seen, answered and canceled through the other.
  await a.client.send(asking, "nothing");
  const [canceled = "", ...others] = tasks;
  await a.client.cancel(canceled, { reason: "enough" });
  await dead;
  expect((await eventsOf(a, asking)).at(-1)).toMatchObject({ type: "task.completed", data: { output: "nothing" } });
  expect((await eventsOf(a, canceled)).at(-1)?.type).toBe("task.canceled");
  await mustBeComplete(a, others);
  for (const [step, each] of await countEffects()) {
    // In flight at the kill: once more, with the same key (I4). Recorded: never again (I3).
    expect(each.length, step).toBeLessThanOrEqual(2);
    expect(new Set(each.map(({ key }) => key)).size, step).toBe(1);
  }
  await expect.poll(() => stateOf(a, "b"), { timeout: 20_000 }).toBe("lost");
});

/** Agents in a sandbox, on a whole node: each limit is shown by an attempt that fails. */
import { existsSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskEvent } from "@agentcore/contract";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { findCgroups } from "../../../../sandbox/src/cgroups/find-cgroups.ts";
import { runAsUser } from "../../../../sandbox/test/run-as-user.ts";
import { type RunningNode, startNode } from "../../start-node.ts";

const code = fileURLToPath(new URL("../../../test/sandbox/agents.ts", import.meta.url));
const MIB = 2 ** 20;

let folder: string;
let node: RunningNode;

const manifest = (exportName: string, spec: Record<string, unknown> = {}, path = code) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name: exportName },
  spec: { code: { path, export: exportName }, isolation: "sandbox", ...spec },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-sandboxed-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: join(folder, "data"), logLevel: "warn" },
    env: { ...process.env, AGENTCORE_TEST_SECRET: "hidden" },
  });
  await node.ready;
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
  return response.json();
};

const begin = async (agent: string, input: unknown): Promise<string> =>
  (await call("/api/v1/tasks", { target: `agent:${agent}`, input })).head.taskId;

const logOf = async (taskId: string): Promise<TaskEvent[]> =>
  (await call(`/api/v1/tasks/${taskId}/events?limit=1000`)).events;

const ended = async (taskId: string): Promise<TaskEvent> => {
  await expect
    .poll(async () => (await call(`/api/v1/tasks/${taskId}`)).head.state, { timeout: 50_000, interval: 20 })
    .toMatch(/completed|failed|parked|rejected|canceled/);
  const last = (await logOf(taskId)).at(-1);
  if (last === undefined) throw new Error("a task has a log");
  return last;
};

const outputOf = async (agent: string, input: unknown): Promise<unknown> => {
  const last = await ended(await begin(agent, input));
  if (last.type !== "task.completed") throw new Error(JSON.stringify(last));
  return last.data.output;
};

test("code finds nothing of the machine, reaches nothing, ends nothing, and writes to its work folder alone, up to its limit", async () => {
  await node.apply([manifest("attacker", { sandbox: { fileBytes: 4 * MIB, processes: 100 } })]);
  const outside = join(folder, "escaped");
  const source = readFileSync(code, "utf8");
  const said = (await outputOf("attacker", {
    ...{ data: join(folder, "data"), port: Number(new URL(node.url).port), nodePid: process.pid, outside },
  })) as Record<string, unknown>;
  expect(said).toMatchObject({
    kind: "sandboxed",
    step: expect.stringMatching(/^in process \d$/),
    password: "refused: ENOENT",
    data: "refused: ENOENT",
    home: "refused: ENOENT",
    root: expect.not.arrayContaining(["etc", "var", "root", "srv", "sys", "bin"]),
    environment: expect.not.arrayContaining(["PATH", "AGENTCORE_TEST_SECRET"]),
    // The first of its namespace and itself.
    processes: 2,
    nodePort: "refused: ECONNREFUSED",
    elsewhere: "refused: ENETUNREACH",
    name: "refused: fetch failed",
    killNode: "refused: ESRCH",
    memoryOfParent: expect.stringMatching(/refused: E(ACCES|PERM)/),
    traceSelf: "refused: EPERM",
    writeOutside: expect.stringMatching(/refused: E(ROFS|NOENT)/),
    writeRoot: "refused: EROFS",
    writeShared: "refused: EROFS",
    writeWork: "kept",
    fillWork: "refused: ENOSPC",
    shell: "refused: ENOENT",
  });
  const [uid] = said["identity"] as number[];
  expect(uid).not.toBe(0);
  expect(existsSync(outside)).toBe(false);
  // A bomb of processes is made of no more threads than are allowed; each of these Nodes takes some seven.
  expect(said["forked"]).toBeGreaterThan(0);
  expect(said["forked"]).toBeLessThan(40);
  expect(readFileSync(code, "utf8")).toBe(source);
});

test("memory, the processor and its own death end it, each a lost try: the task goes on, and what was recorded is not done again", async () => {
  const log = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  onTestFinished(() => log.mockRestore());
  await node.apply([
    manifest("hoarder", { sandbox: { memoryBytes: 256 * MIB } }),
    manifest("burner", { sandbox: { cpuMs: 1_000 } }),
    manifest("mortal"),
  ]);
  const endings = {
    hoarder: "limit sandbox.memoryBytes",
    burner: "limit sandbox.cpuMs",
    mortal: "ended with code 137",
  };
  await Promise.all(
    Object.entries(endings).map(async ([name, reason]) => {
      const taskId = await begin(name, {});
      const last = await ended(taskId);
      expect(last.type).toBe("task.completed");
      const { first, second } = (last.data as { output: { first: string; second: string } }).output;
      expect(first).not.toBe(second);
      const paths = (await logOf(taskId)).map(({ type, data }) => type === "step.completed" && data.path);
      expect(paths.filter((path) => path === "step:first")).toHaveLength(1);
      const lost = log.mock.calls.map(([line]) => String(line)).filter((line) => line.includes(`"agent":"${name}"`));
      expect(lost.join("")).toContain(reason);
    }),
  );
});

test("lies to the node end it, and the fifth lost try parks the task with the reason; another task goes on meanwhile", async () => {
  await node.apply([manifest("liar"), manifest("plain")]);
  const lying = begin("liar", {});
  expect(await outputOf("plain", 1)).toBe(2);
  expect((await ended(await lying)).data).toMatchObject({
    error: { code: "ATTEMPTS_EXHAUSTED", message: expect.stringContaining("said to the node") },
  });
});

test("questions without end take no more than a part of the node's time, and their task ends with its deadline", async () => {
  await node.apply([manifest("pestering", { timeoutMs: 2_500 }), manifest("plain")]);
  const pestering = begin("pestering", {});
  const from = performance.now();
  let answered = 0;
  for (; performance.now() - from < 1_500; answered++) await outputOf("plain", 1);
  expect(answered).toBeGreaterThan(5);
  expect((await ended(await pestering)).data).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });
});

test("what code says of itself is held to what an agent is", async () => {
  const refusal = await node.apply([manifest("pretender")]).catch((error: unknown) => JSON.stringify(error));
  expect(refusal).toMatch(/INVALID_ARGUMENT.*skills/);
});

test("what it prints says whose it is, forges no line, and ends at a bound", async () => {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  await node.apply([manifest("loud")]);
  expect(await outputOf("loud", {})).toBe("done");
  await expect.poll(() => printed.at(-1)).toContain("too much");
  write.mockRestore();
  const own = printed.filter((line) => line.startsWith("agent loud: "));
  expect(own[0]).toBe('agent loud: {"level":"error","message":"forged"}\n');
  expect(own.join("")).not.toContain("\u001b");
  expect(own.join("").length).toBeLessThan(1.1 * MIB);
});

test("of packages it has those that its package.json names; others are named when it is applied", async () => {
  const own = join(folder, "own");
  await mkdir(own);
  await cp(join(code, ".."), own, { recursive: true });
  await writeFile(join(own, "package.json"), '{ "type": "module" }');
  await chmod(own, 0o755);
  const refusal = await node
    .apply([manifest("plain", {}, join(own, "agents.ts"))])
    .catch((error: unknown) => JSON.stringify(error));
  expect(refusal).toMatch(/INVALID_ARGUMENT.*Cannot find package '@agentcore\/sdk'.*package\.json/);
});

test("limits of a sandbox are refused where there is none, and where they cannot be", async () => {
  const refusal = (spec: Record<string, unknown>) =>
    node.apply([manifest("plain", spec)]).then(
      () => null,
      (error: unknown) => JSON.stringify(error),
    );
  expect(await refusal({ isolation: "process", sandbox: { cpuMs: 1_000 } })).toMatch(/spec.sandbox.*isolation/);
  expect(await refusal({ sandbox: { memoryBytes: 256 * MIB }, heapBytes: 512 * MIB })).toMatch(/spec.heapBytes/);
  expect(await refusal({ sandbox: { network: "host" } })).toMatch(/network/);
});

test("a machine that lacks something is told of when an agent is applied, with the next step", async () => {
  const { stdout, place } = await runAsUser("packages/server/test/sandbox/apply-as-user.ts");
  onTestFinished(() => rm(place, { recursive: true }));
  if (process.getuid?.() !== 0 && findCgroups().version !== null) return expect(JSON.parse(stdout)).toEqual({});
  expect(JSON.parse(stdout)).toMatchObject({
    code: "SANDBOX_UNAVAILABLE",
    message: expect.stringMatching(/cgroup/),
    details: { nextStep: expect.stringContaining("Delegate") },
  });
});

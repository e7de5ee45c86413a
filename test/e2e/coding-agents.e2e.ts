/** What becomes of coding agents when their node dies: no work is lost, no process is left, nothing stays behind. */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import {
  openTestRepository,
  processesWith,
  runsIn,
  type TestRepository,
} from "../../packages/coding/test/coding-world.ts";
import { NodeProcess } from "./node-process.ts";

const nodes: NodeProcess[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
});

const openWorld = async () => {
  const data = await mkdtemp(join(tmpdir(), "agentcore-coding-crash-"));
  onTestFinished(() => rm(data, { recursive: true, force: true, maxRetries: 3 }));
  const repository = await openTestRepository();
  const start = async (): Promise<NodeProcess> => {
    const node = NodeProcess.launch(
      data,
      { REPOSITORY: repository.folder },
      new URL("./coding-node.ts", import.meta.url),
    );
    nodes.push(node);
    await node.ready();
    return node;
  };
  return { data, repository, start, beats: join(data, "beats"), gate: join(data, "gate") };
};

const submit = async (node: NodeProcess, agent: string, input: string): Promise<string> =>
  (await node.call("submit", { target: { agent }, input })).taskId;

const endOf = async (node: NodeProcess, taskId: string) => {
  await node.call("settled", taskId);
  return (await node.call("log", taskId)).at(-1);
};

/** The program has come so far that it started what would outlive it. */
const hasBegun = (path: string): Promise<void> =>
  expect.poll(() => existsSync(path), { timeout: 20_000 }).toBe(true) as unknown as Promise<void>;

/** What it has told is in the log, its session among it. */
const hasTold = (node: NodeProcess, taskId: string): Promise<void> =>
  expect
    .poll(async () => (await node.call("log", taskId)).some(({ type }) => type === "task.progressed"), {
      timeout: 10_000,
    })
    .toBe(true) as unknown as Promise<void>;

const isClean = (repository: TestRepository, data: string, beats: string): void => {
  expect(processesWith(beats)).toEqual([]);
  expect([repository.worktrees(), runsIn(data)]).toEqual([[], []]);
};

test("a node that is killed while a program works ends it when it comes back, and goes on in its session with what was there", async () => {
  const { data, repository, start, beats } = await openWorld();
  const first = await start();
  const part = `write b.txt half\ndaemon ${beats}\nhang`;
  const taskId = await submit(first, "resuming", `${part}\n---\nappend b.txt whole`);
  await hasBegun(beats);
  await hasTold(first, taskId);
  const [orphan] = processesWith(beats);
  expect(await first.kill()).toBe("SIGKILL");
  expect(processesWith(beats)).toContain(orphan);

  const second = await start();
  const end = await endOf(second, taskId);
  expect(end).toMatchObject({ type: "task.completed", data: { output: { outcome: "offered", complete: true } } });
  expect(repository.read(`agentcore/${taskId}`, "b.txt")).toBe("half\nwhole");
  isClean(repository, data, beats);
});

test("in a sandbox nothing of a program outlives its node, and it goes on in its session with what was there", async () => {
  const { data, repository, start } = await openWorld();
  const first = await start();
  const beats = `/tmp/beats-of-boxed-${process.pid}`;
  const part = `write b.txt half\nstubborn\ndaemon ${beats}\nhang`;
  const taskId = await submit(first, "boxed", `${part}\n---\nappend b.txt whole`);
  await hasTold(first, taskId);
  await expect.poll(() => processesWith(beats).length, { timeout: 20_000 }).toBe(1);
  expect(await first.kill()).toBe("SIGKILL");
  await expect.poll(() => processesWith(beats), { timeout: 5_000 }).toEqual([]);

  const end = await endOf(await start(), taskId);
  expect(end).toMatchObject({ type: "task.completed", data: { output: { outcome: "offered", complete: true } } });
  expect(repository.read(`agentcore/${taskId}`, "b.txt")).toBe("half\nwhole");
  isClean(repository, data, beats);
});

test("a program that cannot go on begins anew on what it was given, and what was lost is on a branch of its own", async () => {
  const { data, repository, start, beats, gate } = await openWorld();
  const first = await start();
  const input = `once ${gate} write lost.txt x\nonce ${gate}2 daemon ${beats}\nonce ${gate}3 hang\nwrite b.txt b`;
  const taskId = await submit(first, "forgetful", input);
  const single = await submit(first, "once", `write c.txt c\ndaemon ${beats}3\nhang`);
  await Promise.all([hasBegun(beats), hasBegun(`${beats}3`)]);
  await first.kill();

  const second = await start();
  const [end, failed] = await Promise.all([endOf(second, taskId), endOf(second, single)]);
  expect(end).toMatchObject({
    type: "task.completed",
    data: { output: { complete: true, branch: `agentcore/${taskId}` } },
  });
  expect(repository.read(`agentcore/${taskId}`, "b.txt")).toBe("b");
  expect(repository.read(`agentcore/${taskId}`, "lost.txt")).toBeNull();
  expect(repository.read(`agentcore/${taskId}-lost-1`, "lost.txt")).toBe("x");
  expect(failed).toMatchObject({
    type: "task.failed",
    data: { error: { message: expect.stringContaining(`on branch agentcore/${single}`) } },
  });
  expect(repository.read(`agentcore/${single}`, "c.txt")).toBe("c");
  isClean(repository, data, beats);
});

test("a node that is asked to end ends its programs first, and goes on with their tasks when it is back", async () => {
  const { data, repository, start, beats } = await openWorld();
  const first = await start();
  const taskId = await submit(first, "resuming", `write b.txt half\ndaemon ${beats}\nhang\n---\nappend b.txt whole`);
  await hasBegun(beats);
  await hasTold(first, taskId);
  first.signal("SIGTERM");
  await first.gone;
  expect(processesWith(beats)).toEqual([]);
  const end = await endOf(await start(), taskId);
  expect(end).toMatchObject({ type: "task.completed" });
  expect(repository.read(`agentcore/${taskId}`, "b.txt")).toBe("half\nwhole");
  isClean(repository, data, beats);
});

test("what tasks have left that are no more is taken away at the next start, and their work stays on its branch", async () => {
  const { data, repository, start, beats } = await openWorld();
  const first = await start();
  const taskId = await submit(first, "resuming", `write b.txt half\ndaemon ${beats}\nhang`);
  const empty = await submit(first, "resuming", `daemon ${beats}2\nhang`);
  await Promise.all([hasBegun(beats), hasBegun(`${beats}2`)]);
  await first.kill();
  expect(repository.worktrees()).toHaveLength(2);
  for (const name of ["agentcore.db", "agentcore.db-wal", "agentcore.db-shm"])
    rmSync(join(data, name), { force: true });

  await start();
  await expect.poll(() => runsIn(data), { timeout: 20_000 }).toEqual([]);
  isClean(repository, data, beats);
  expect(repository.read(`agentcore/${taskId}`, "b.txt")).toBe("half");
  expect(repository.branches()).not.toContain(`agentcore/${empty}`);
});

/** What becomes of work when its node dies, dies again and again, or finds no room on the disk. */
import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { NodeProcess } from "./node-process.ts";

const nodes: NodeProcess[] = [];
const started = (node: NodeProcess): NodeProcess => {
  nodes.push(node);
  return node;
};
const start = async (...args: Parameters<typeof NodeProcess.start>): Promise<NodeProcess> =>
  started(await NodeProcess.start(...args));
const launch = (...args: Parameters<typeof NodeProcess.launch>): NodeProcess => started(NodeProcess.launch(...args));

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
});

const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-restart-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const outputOf = async (node: NodeProcess, taskId: string): Promise<unknown> => {
  const last = (await node.call("log", taskId)).at(-1);
  return last?.type === "task.completed" ? last.data.output : last;
};

test("200 tasks under way when the node is killed all finish with their outputs (I10)", async () => {
  const data = await temporaryFolder();
  const first = await start(data);
  const starts = Array.from({ length: 200 }, (_, index) => index);
  const submitted = await Promise.all(
    starts.map((number) => first.call("submit", { target: { agent: "adder" }, input: { start: number } })),
  );
  await expect
    .poll(async () => (await first.call("list", { states: ["completed"], pageSize: 1 })).totalSize, { interval: 5 })
    .toBeGreaterThan(0);
  expect(await first.kill()).toBe("SIGKILL");

  const second = await start(data);
  const under = (await second.call("list", { states: ["working", "submitted"], pageSize: 1 })).totalSize;
  await Promise.all(submitted.map(({ taskId }) => second.call("settled", taskId)));
  const outputs = await Promise.all(submitted.map(({ taskId }) => outputOf(second, taskId)));
  expect(outputs).toEqual(starts.map((number) => number + 15));
  expect(under).toBeGreaterThan(0);
});

// The process that wrote the last event does not count as an attempt without one, so it is one crash more.
test.each([
  { steps: 0, expectedCrashes: 5 },
  { steps: 1, expectedCrashes: 6 },
])(
  "a task that kills its process after $steps steps is parked after five attempts without progress, and retry lets it finish (I10)",
  async ({ steps, expectedCrashes }) => {
    const data = await temporaryFolder();
    const deadly = join(data, "deadly");
    writeFileSync(deadly, "");
    const env = { DEADLY: deadly };
    const first = await start(data, env);
    const { taskId } = await first.call("submit", { target: { agent: "killer" }, input: { steps } });
    expect(await first.gone).toBe("SIGKILL");

    let crashes = 1;
    let survivor: NodeProcess | null = null;
    while (survivor === null && crashes < 10) {
      const node = launch(data, env);
      const state = await node.call("settled", taskId).then(
        (head) => head.state,
        () => "crashed",
      );
      if (state === "crashed") crashes += 1;
      else {
        expect(state).toBe("parked");
        survivor = node;
      }
    }
    if (survivor === null) throw new Error(`${crashes} crashes, and the task was still not parked`);
    expect(crashes).toBe(expectedCrashes);
    const parked = (await survivor.call("log", taskId)).at(-1);
    expect(parked).toMatchObject({ type: "task.parked", data: { error: { code: "ATTEMPTS_EXHAUSTED" } } });

    rmSync(deadly);
    await survivor.call("retry", taskId);
    await expect
      .poll(() => survivor.call("head", taskId).then(({ state }) => state), { timeout: 10_000 })
      .toBe("completed");
    expect(await outputOf(survivor, taskId)).toEqual([...Array.from({ length: steps }, () => "alive"), "survived"]);
  },
);

const canMount = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync("mount", ["--help"], { stdio: "ignore" });
    return process.platform === "linux";
  } catch {
    return false;
  }
};

const smallDisk = async (): Promise<string | null> => {
  if (!canMount()) return null;
  const folder = join(await temporaryFolder(), "disk");
  await mkdir(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return folder;
};

const fill = (file: string): void => {
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
  }
};

test("a full disk refuses new work, harms no other, and everything goes on once there is room (I5)", async (context) => {
  const disk = await smallDisk();
  if (disk === null) return context.skip("needs root and tmpfs");
  const node = await start(join(disk, "data"));
  const asking = await node.call("submit", { target: { agent: "asker" }, input: {} });
  expect((await node.call("settled", asking.taskId)).state).toBe("input-required");
  const done = await node.call("submit", { target: { agent: "adder" }, input: { start: 0 } });
  expect((await node.call("settled", done.taskId)).state).toBe("completed");

  const underWay = await node.call("submit", { target: { agent: "adder" }, input: { start: 6 } });
  const ballast = join(disk, "ballast");
  fill(ballast);
  // The log has pages it may use again; sooner or later it needs one more.
  const refused = await expect
    .poll(
      () =>
        node.call("submit", { target: { agent: "asker" }, input: { text: "x".repeat(50_000) } }).then(
          () => "accepted",
          (error: { code: string }) => error.code,
        ),
      { timeout: 30_000, interval: 1 },
    )
    .toBe("STORE_UNAVAILABLE")
    .then(() => true);
  expect(refused).toBe(true);
  expect((await node.call("head", asking.taskId)).state).toBe("input-required");
  expect(await outputOf(node, done.taskId)).toBe(15);
  const before = (await node.call("list", { pageSize: 1 })).totalSize;

  rmSync(ballast);
  const later = await node.call("submit", { target: { agent: "adder" }, input: { start: 1 } });
  expect((await node.call("settled", later.taskId)).state).toBe("completed");
  expect(await outputOf(node, later.taskId)).toBe(16);
  expect((await node.call("settled", underWay.taskId)).state).toBe("completed");
  expect(await outputOf(node, underWay.taskId)).toBe(21);
  await node.call("send", asking.taskId, { messageId: "m1", role: "ROLE_USER", parts: [{ text: "fine" }] });
  await expect
    .poll(() => node.call("head", asking.taskId).then(({ state }) => state), { timeout: 10_000 })
    .toBe("completed");
  expect(await outputOf(node, asking.taskId)).toEqual({ heard: "fine" });
  // What was refused did not come to life afterwards.
  expect((await node.call("list", { pageSize: 1 })).totalSize).toBe(before + 1);

  await node.kill();
  const again = await start(join(disk, "data"));
  expect(await outputOf(again, asking.taskId)).toEqual({ heard: "fine" });
  expect((await again.call("list", { pageSize: 1 })).totalSize).toBe(before + 1);
});

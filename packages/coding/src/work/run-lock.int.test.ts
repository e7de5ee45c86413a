import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endProcesses } from "../process/end-processes.ts";
import { identify, isRunning, MARKER_VARIABLE, processesWith } from "../process/process-identity.ts";
import { isTakenByOther, takeRun } from "./run-lock.ts";
import { runPaths } from "./run-record.ts";

const openRun = async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-lock-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return runPaths(folder, "run");
};

/** A process that does nothing, and its identity. */
const startIdle = async (marker = "none", program = "setInterval(() => {}, 1000)") => {
  const child = spawn(process.execPath, ["-e", `${program};console.log(1)`], {
    ...{ env: { [MARKER_VARIABLE]: marker }, stdio: ["ignore", "pipe", "ignore"], detached: true },
  });
  const gone = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? 0);
  if (identity === null) throw new Error("it has ended");
  return { child, identity, gone };
};

test("a run is one living process's; one that has died holds nothing, and neither does another that has its number now", async () => {
  const paths = await openRun();
  await takeRun(paths);
  await takeRun(paths);
  const { child, identity, gone } = await startIdle();
  await writeFile(paths.lock, JSON.stringify(identity));
  expect(await isTakenByOther(paths)).toBe(true);
  await expect(takeRun(paths)).rejects.toMatchObject({ code: "CONFLICT", retryable: true });
  await writeFile(paths.lock, JSON.stringify({ ...identity, startedAt: "1" }));
  expect(await isTakenByOther(paths)).toBe(false);
  await takeRun(paths);
  await writeFile(paths.lock, JSON.stringify(identity));
  child.kill("SIGKILL");
  await gone;
  await takeRun(paths);
  await Promise.all(Array.from({ length: 20 }, () => takeRun(paths)));
});

test("what carries the marker is ended, also what does not listen and what it starts meanwhile, and nothing else is", async () => {
  const mine = await startIdle("marker-a");
  const stubborn = await startIdle("marker-a", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)");
  const breeder = `setInterval(() => require("child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { detached: true, stdio: "ignore" }).unref(), 50)`;
  const breeding = await startIdle("marker-a", `process.on("SIGTERM", () => {});${breeder}`);
  const other = await startIdle("marker-ab");
  await endProcesses("marker-a", 300);
  expect(processesWith("marker-a")).toEqual([]);
  expect([mine, stubborn, breeding].map(({ identity }) => isRunning(identity))).toEqual([false, false, false]);
  expect(isRunning(other.identity)).toBe(true);
  expect(processesWith("marker-ab").map(({ pid }) => pid)).toEqual([other.identity.pid]);
});

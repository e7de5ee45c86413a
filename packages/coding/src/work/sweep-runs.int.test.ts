/** What is left of tasks that are over, by real git. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openTestRepository } from "../../test/coding-world.ts";
import { type CodingHost, CodingRuntime } from "../coding-runtime.ts";
import { CodingShared } from "../coding-shared.ts";
import { identify } from "../process/process-identity.ts";
import { takeRun } from "./run-lock.ts";
import { listRuns, runPaths } from "./run-record.ts";
import { openWorksite } from "./workplace.ts";

const signal = new AbortController().signal;

const openWorld = async (host: CodingHost = {}) => {
  const stateFolder = await mkdtemp(join(tmpdir(), "agentcore-sweep-"));
  onTestFinished(() => rm(stateFolder, { recursive: true, force: true, maxRetries: 3 }));
  const repository = await openTestRepository();
  const said: string[] = [];
  const shared = new CodingShared();
  const runtimeOf = (name: string) =>
    new CodingRuntime(
      name,
      { program: "claude-code", repository: repository.folder },
      { stateFolder, shared, isOver: async () => true, log: (message) => said.push(message), ...host },
    );
  /** Of a node that died while it was at it. */
  const leave = async (taskId: string, agent = "coder") => {
    const site = await openWorksite(
      {
        ...{ stateFolder, tenantId: "default", taskId, agent, repository: repository.folder, base: "main" },
        ...{ refuse: async () => undefined, person: { name: "A", email: "a@b.c" }, now: Date.now(), prepare: null },
      },
      signal,
    );
    await writeFile(join(site.place.folder, `${taskId}.txt`), "x");
    return site;
  };
  return { stateFolder, repository, said, shared, runtimeOf, leave };
};

test("several that sweep at once sweep one after the other, and each run once", async () => {
  const { repository, said, runtimeOf, leave, stateFolder } = await openWorld();
  for (const taskId of ["t1", "t2", "t3"]) await leave(taskId);
  // Of two revisions of an agent, as after each `apply`.
  const [one, other] = [runtimeOf("coder"), runtimeOf("coder")];
  await Promise.all([one.sweep(), other.sweep(), one.sweep(), other.sweep()]);
  const kept = ["t1", "t2", "t3"].map(
    (id) => `removed the worktree that task ${id} left; its work is on branch agentcore/${id}`,
  );
  expect(said.toSorted()).toEqual(kept);
  expect([await listRuns(stateFolder), repository.worktrees()]).toEqual([[], []]);
  expect(repository.branches()).toEqual(["agentcore/t1", "agentcore/t2", "agentcore/t3"]);
});

test("sweeps that come while one is under way are one", async () => {
  let asked = 0;
  const isOver = async () => {
    asked += 1;
    return false;
  };
  const { runtimeOf, leave } = await openWorld({ isOver });
  await leave("t1");
  const coder = runtimeOf("coder");
  await Promise.all(Array.from({ length: 50 }, () => coder.sweep()));
  expect(asked).toBeLessThanOrEqual(2);
});

test("of agents that are no more, those who share the folder take away what is left", async () => {
  const { runtimeOf, leave, stateFolder } = await openWorld();
  await leave("t1", "gone");
  await runtimeOf("coder").sweep();
  expect(await listRuns(stateFolder)).toEqual([]);
});

test("a folder that a node died in before it noted whose it is goes too, unless somebody is at it", async () => {
  const { runtimeOf, stateFolder } = await openWorld();
  for (const key of ["left", "merging"]) {
    const paths = runPaths(stateFolder, key);
    await takeRun(paths);
    await mkdir(paths.merge);
  }
  const died = { ...identify(process.pid), startedAt: "1" };
  await writeFile(runPaths(stateFolder, "left").lock, JSON.stringify(died));
  await runtimeOf("coder").sweep();
  expect(await listRuns(stateFolder)).toEqual(["merging"]);
  expect(existsSync(runPaths(stateFolder, "left").folder)).toBe(false);
});

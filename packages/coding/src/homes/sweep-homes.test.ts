import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RunRecord } from "../work/run-record.ts";
import { runPaths, writeRecord } from "../work/run-record.ts";
import { homeFolder } from "./home-folder.ts";
import { type SweepHomesOptions, sweepHomes, tenantsWithHomes } from "./sweep-homes.ts";

const DAY_MS = 86_400_000;
const KEEP_ALL = { unusedForMs: 30 * DAY_MS, maxBytes: 2 ** 40 };

const openWorld = async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), "agentcore-homes-"));
  onTestFinished(() => rm(stateFolder, { recursive: true, force: true }));
  const at = (path: string, agent = "coder", tenantId = "acme") => join(homeFolder(stateFolder, tenantId, agent), path);
  return {
    ...{ stateFolder, at },
    async put(path: string, { agent = "coder", tenantId = "acme", bytes = 10, usedInDays = 0 } = {}) {
      const file = at(path, agent, tenantId);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, "x".repeat(bytes));
      // When it was changed the system says itself; when it was read may be said, and to the future, too.
      await utimes(file, new Date(Date.now() + usedInDays * DAY_MS), new Date());
      return file;
    },
    begin: (agent: string, startedAt: number, tenantId = "acme") =>
      writeRecord(runPaths(stateFolder, `run-of-${agent}`), { agent, tenantId, startedAt } as RunRecord),
    sweep: (options: Partial<SweepHomesOptions> = {}) =>
      sweepHomes({ stateFolder, tenantId: "acme", policy: KEEP_ALL, now: Date.now(), ...options }),
  };
};

const inDays = (days: number): number => Date.now() + days * DAY_MS;

test("what nobody has used for so long goes, with folders that are empty, and what was read since stays", async () => {
  const { put, sweep, at } = await openWorld();
  const old = await put(".claude/projects/one/session.jsonl");
  const settings = await put(".claude.json", { usedInDays: 20 });
  expect(await sweep({ now: inDays(29) })).toMatchObject({ removedFiles: 0, leftBytes: 8_192 });
  expect(await sweep({ now: inDays(31) })).toMatchObject({ removedFiles: 1, removedBytes: 4_096, failed: 0 });
  expect([existsSync(old), existsSync(at(".claude")), existsSync(settings)]).toEqual([false, false, true]);
});

test("a home that nobody uses goes as a whole, also of an agent that is no more", async () => {
  const { put, sweep, at, stateFolder } = await openWorld();
  await put("a/b/c/d", { agent: "gone" });
  await put("e", { agent: "gone" });
  expect(await tenantsWithHomes(stateFolder)).toEqual(["acme"]);
  await sweep({ now: inDays(31) });
  expect(existsSync(at("", "gone"))).toBe(false);
});

test("of more than a tenant may have, what was used longest ago goes, over all of its agents", async () => {
  const { put, sweep } = await openWorld();
  const files = [];
  for (const [place, agent] of ["coder", "tester", "coder", "tester"].entries())
    files.push(await put(`file-${place}`, { agent, bytes: 10_000, usedInDays: place + 1 }));
  const policy = { ...KEEP_ALL, maxBytes: 30_000 };
  expect(await sweep({ now: inDays(5), policy })).toMatchObject({ removedFiles: 2, leftBytes: 24_576 });
  expect(files.map((file) => existsSync(file))).toEqual([false, false, true, true]);
  expect(await sweep({ now: inDays(5), policy })).toMatchObject({ removedFiles: 0 });
});

test("many files that hold nothing are bounded, too", async () => {
  const { put, sweep } = await openWorld();
  for (let at = 0; at < 50; at++) await put(`empty-${at}`, { bytes: 0, usedInDays: at });
  const policy = { unusedForMs: 90 * DAY_MS, maxBytes: 10 * 4_096 };
  expect(await sweep({ now: inDays(60), policy })).toMatchObject({ removedFiles: 40, leftBytes: 40_960 });
});

test("what was written since the oldest task under way began stays, whatever it takes (H1)", async () => {
  const { put, sweep, begin } = await openWorld();
  const session = await put("session");
  const other = await put("session", { agent: "tester" });
  await begin("coder", Date.now() - 5_000);
  const policy = { unusedForMs: 1, maxBytes: 0 };
  expect(await sweep({ now: inDays(400), policy })).toMatchObject({ removedFiles: 1, leftBytes: 4_096 });
  expect([existsSync(session), existsSync(other)]).toEqual([true, false]);
  // Of another tenant's task that is called alike, it is not.
  await begin("coder", Date.now() - 5_000, "other");
  expect(await sweep({ now: inDays(400), policy })).toMatchObject({ removedFiles: 1, leftBytes: 0 });
});

test("what a program says was used in the future is bounded as what was used last", async () => {
  const { put, sweep } = await openWorld();
  await put("forged", { usedInDays: 3_650 });
  await sweep({ now: inDays(400) });
  expect(await sweep({ now: inDays(400), policy: { ...KEEP_ALL, maxBytes: 0 } })).toMatchObject({ removedFiles: 1 });
});

test("no link is followed, and neither another tenant's nor another agent's home is looked at (H2)", async () => {
  const { put, sweep, at, stateFolder } = await openWorld();
  const others = await put("kept", { tenantId: "other" });
  const outside = join(stateFolder, "outside");
  await writeFile(outside, "x");
  await put("here");
  await symlink(dirname(others), at("folder"));
  await symlink(outside, at("file"));
  await symlink(dirname(others), at("").replace(/coder\/?$/, "linked"));
  const tester = await put("kept", { agent: "tester" });
  const policy = { unusedForMs: 1, maxBytes: 0 };
  expect(await sweep({ now: inDays(400), policy, agent: "coder" })).toMatchObject({ removedFiles: 3, failed: 0 });
  expect([existsSync(others), existsSync(outside), existsSync(tester)]).toEqual([true, true, true]);
  await sweep({ now: inDays(400), policy });
  expect([existsSync(others), existsSync(tester)]).toEqual([true, false]);
});

test("whoever ends it ends it between two files", async () => {
  const { put, sweep } = await openWorld();
  await put("a");
  const ended = await sweep({ now: inDays(400), signal: AbortSignal.abort() });
  expect(ended).toMatchObject({ removedFiles: 0 });
});

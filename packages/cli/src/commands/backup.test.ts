import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const header = {
  format: "agentcore-backup",
  version: 1,
  agentcore: "0.1.0",
  takenAt: "2026-01-01T00:00:00.000Z",
  store: "sqlite",
};
const line = `${JSON.stringify({ header })}\n`;
const footer = { counts: {}, sha256: createHash("sha256").update(line).digest("hex") };
const whole = gzipSync(`${line}${JSON.stringify({ footer })}\n`);

const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-cli-backup-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
};

test("a backup is written for its user only, and never over another file without --force", async () => {
  const cwd = await folder();
  const { url } = await startFakeNode({ backup: whole });
  const run = (...words: string[]) => runInTest(["backup", "b", "--url", url, ...words], { cwd });
  expect((await run()).code).toBe(0);
  expect([await readFile(join(cwd, "b")), (await stat(join(cwd, "b"))).mode & 0o777]).toEqual([whole, 0o600]);
  await writeFile(join(cwd, "b"), "mine");
  expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect(await readFile(join(cwd, "b"), "utf8")).toBe("mine");
  expect((await run("--force")).code).toBe(0);
  expect(await readFile(join(cwd, "b"))).toEqual(whole);
});

test("what came in part is no backup: nothing is left, and a file that was there stays", async () => {
  const cwd = await folder();
  const { url } = await startFakeNode({ backup: whole.subarray(0, whole.length - 12) });
  await writeFile(join(cwd, "b"), "mine");
  const ran = await runInTest(["backup", "b", "--force", "--url", url], { cwd });
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("INVALID_ARGUMENT")]);
  expect([await readdir(cwd), await readFile(join(cwd, "b"), "utf8")]).toEqual([["b"], "mine"]);
});

test("what the store lacked when the backup was taken is said by both, beside what they have done", async () => {
  const cwd = await folder();
  const first = [7, 6, 5, 4, 3, 2].map((digit) => ({
    ...{ tenantId: "acme", namespace: "payloads", name: `${digit}`.repeat(64) },
  }));
  const lacking = { ...footer, missing: { count: 6, first } };
  const { url } = await startFakeNode({ backup: gzipSync(`${line}${JSON.stringify({ footer: lacking })}\n`) });
  for (const words of [
    ["backup", "b", "--url", url, "-o", "json"],
    ["restore", "b", "--data", "data", "-o", "json"],
  ]) {
    const { code, stdout, stderr } = await runInTest(words, { cwd });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { missing: { count: 6 } }]);
    expect(stderr).toContain("lacked 6 of");
    expect(stderr).toContain(`acme: payloads/${"7".repeat(64)}`);
    expect(stderr).toContain("and 1 more");
  }
});

test("restore wants to know where to, and puts a backup into a folder once", async () => {
  const cwd = await folder();
  await writeFile(join(cwd, "b"), whole);
  expect((await runInTest(["restore", "b"], { cwd })).code).toBe(2);
  expect((await runInTest(["restore", "b", "--database", "mysql://x"], { cwd })).code).toBe(2);
  const restore = () => runInTest(["restore", "b", "--data", "data", "-o", "json"], { cwd });
  expect(JSON.parse((await restore()).stdout)).toEqual({ ...header, counts: {} });
  expect(await restore()).toMatchObject({ code: 1, stderr: expect.stringContaining("has a store already") });
});

import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { type ContainedProgram, openProgramSandbox } from "./open-program-sandbox.ts";

const MIB = 2 ** 20;
const program = (script: string, more: Partial<ContainedProgram> = {}): ContainedProgram => ({
  ...{ argv: ["/bin/sh", "-c", script], directory: "/tmp", environment: { PATH: "/usr/bin:/bin" } },
  ...{ readable: [], writable: [], mark: {} },
  limits: { memoryBytes: 64 * MIB, cpuMs: 10_000, fileBytes: MIB, processes: 16, network: "none" },
  ...more,
});

/** Processes of this machine that hold that text in the environment that they began with. */
const markedBy = (mark: string): number =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
    } catch {
      return false;
    }
  }).length;

test("what a program writes is read as it comes, it is written to meanwhile, and ends when it is asked to", async () => {
  const sandbox = await openProgramSandbox();
  const running = sandbox.start(
    program("trap 'echo asked; exit 7' TERM; echo ready; read line; echo got $line; while :; do sleep 0.05; done"),
  );
  running.stderr.resume();
  const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  running.stdin.write("hello\n");
  expect((await lines.next()).value).toBe("got hello");
  running.ask();
  expect((await lines.next()).value).toBe("asked");
  expect(await running.ended).toMatchObject({ exitCode: 7, limit: undefined });
});

test("one that does not listen is killed with all that it began, and is known meanwhile by a mark that it does not carry", async () => {
  const sandbox = await openProgramSandbox();
  const mark = `MARK_OF_TEST=${process.pid}-${Date.now()}`;
  const [name = "", value = ""] = mark.split("=");
  const running = sandbox.start(
    program("trap '' TERM; setsid env -i sleep 60 & env; echo told; sleep 60", { mark: { [name]: value } }),
  );
  running.stderr.resume();
  let said = "";
  running.stdout.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  await expect.poll(() => said).toContain("told");
  expect(said).not.toContain("MARK_OF_TEST");
  // Who waits for it outside, and the first within.
  expect(markedBy(mark)).toBe(2);
  running.ask();
  running.kill();
  expect(await running.ended).toMatchObject({ exitCode: 137 });
  expect(markedBy(mark)).toBe(0);
});

test("folders that are given to it, it may write to, and no link in them gives it more", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-given-"));
  const other = await mkdtemp(join(tmpdir(), "agentcore-kept-"));
  onTestFinished(() => Promise.all([folder, other].map((path) => rm(path, { recursive: true }))).then(() => undefined));
  writeFileSync(join(folder, "mine"), "");
  writeFileSync(join(other, "kept"), "");
  symlinkSync(other, join(folder, "out"));
  const before = statSync(join(other, "kept")).uid;
  const sandbox = await openProgramSandbox();
  await sandbox.give([folder]);
  expect([statSync(join(folder, "mine")).uid, statSync(other).uid, statSync(join(other, "kept")).uid]).toEqual([
    ...[sandbox.account.uid, before, before],
  ]);
  const running = sandbox.start(
    program("echo written > mine; id -u; echo x > out/kept", {
      directory: folder,
      writable: [{ from: folder, to: folder }],
    }),
  );
  let said = "";
  running.stdout.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  running.stderr.resume();
  running.stdin.end();
  await running.ended;
  expect(said.trim()).toBe(String(sandbox.account.uid));
  expect([readFileSync(join(folder, "mine"), "utf8"), readFileSync(join(other, "kept"), "utf8")]).toEqual([
    "written\n",
    "",
  ]);
});

import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { findCgroups } from "./cgroups/find-cgroups.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const SCRIPT = "packages/sandbox/test/attacks-of-a-user.ts";
const USER = 61_234;

/** The checkout may lie where only root can go: there, in a mount namespace, it is somewhere that all can. */
const runAsUser = async (): Promise<Record<string, unknown>> => {
  const isRoot = process.getuid?.() === 0;
  const place = await mkdtemp(join(tmpdir(), "agentcore-user-"));
  onTestFinished(() => rm(place, { recursive: true }));
  await chmod(place, 0o755);
  await mkdir(join(place, "packages"));
  await mkdir(join(place, "node_modules"));
  const node = process.execPath;
  const words = ["-C", "agentcore-source", isRoot ? join(place, SCRIPT) : join(ROOT, SCRIPT)];
  // Node itself lies in the checkout.
  const inside = node.startsWith(`${ROOT}/`) ? join(place, node.slice(ROOT.length + 1)) : node;
  const mount =
    'mount --bind "$1/packages" "$2/packages" && mount --bind "$1/node_modules" "$2/node_modules" && shift 2 && exec "$@"';
  const asUser = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--", inside, ...words];
  const [program, ...rest]: [string, ...string[]] = isRoot
    ? ["unshare", "--mount", "sh", "-c", mount, "sh", ROOT, place, ...asUser]
    : [node, ...words];
  const { stdout } = await promisify(execFile)(program, rest, { cwd: "/", maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as Record<string, unknown>;
};

test("without root and without a cgroup code runs in the same walls, and programs are refused", async () => {
  const said = await runAsUser();
  expect(said["uid"]).not.toBe(0);
  expect(said["value"]).toMatchObject({ ok: true, value: 1 });
  expect(said["python"]).toMatchObject({ ok: true, value: 2 });
  for (const attack of ["heap", "buffer", "wasm", "pythonMemory"]) {
    const { ok, usage } = said[attack] as { ok: boolean; usage: { peakMemoryBytes: number } };
    // Of what it may hold and what the language takes, with what it can touch between two looks.
    expect([attack, ok, usage.peakMemoryBytes < 900 * 2 ** 20]).toEqual([attack, false, true]);
  }
  expect(said["loop"]).toMatchObject({ ok: false, limit: "cpuMs" });
  expect(said["pythonLoop"]).toMatchObject({ ok: false, limit: "cpuMs" });
  expect(said["wait"]).toMatchObject({ ok: false, limit: "wallMs" });
  expect(said["pythonSpawn"]).toMatchObject({ ok: true, value: expect.stringContaining("EPERM") });
  expect(said["pythonFile"]).toMatchObject({ ok: false, error: { message: expect.stringContaining("ENOENT") } });
  expect(said["pythonSnapshot"]).toMatchObject({ ok: false, error: { message: expect.stringContaining("EROFS") } });
  const hasCgroup = process.getuid?.() !== 0 && findCgroups().version !== null;
  if (hasCgroup) expect(said["program"]).toMatchObject({ exitCode: 0 });
  else
    expect(said["program"]).toMatchObject({
      thrown: "SANDBOX_UNAVAILABLE",
      message: expect.stringMatching(/cgroup.*Delegate/s),
    });
  expect(said["abilities"]).toMatchObject([
    hasCgroup
      ? { name: "programs", works: true }
      : { name: "programs", works: false, nextStep: expect.stringContaining("Delegate") },
    { name: "javascript", works: true },
    { name: "python", works: true },
  ]);
});

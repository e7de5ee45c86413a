import { rm } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { runAsUser } from "../test/run-as-user.ts";
import { findCgroups } from "./cgroups/find-cgroups.ts";

const attack = async (): Promise<Record<string, unknown>> => {
  const { stdout, place } = await runAsUser("packages/sandbox/test/attacks-of-a-user.ts");
  onTestFinished(() => rm(place, { recursive: true }));
  return JSON.parse(stdout) as Record<string, unknown>;
};

test("without root and without a cgroup code runs in the same walls, and programs are refused", async () => {
  const said = await attack();
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

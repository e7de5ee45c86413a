import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { takeCreationLock } from "./creation-lock.ts";

const CHILD = fileURLToPath(new URL("../test/lock-child.ts", import.meta.url));
const NAME = "agentcore.db.creation-lock";

const folder = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "agentcore-creation-lock-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
};

test("one has the lock, and gives it to the next with nothing left in the folder", () => {
  const directory = join(folder(), "made");
  for (let time = 0; time < 2; time++) {
    const lock = takeCreationLock(directory);
    expect(statSync(join(directory, NAME)).mode & 0o777).toBe(0o600);
    for (let refused = 0; refused < 2; refused++) expect(takeCreationLock(directory)).toBeNull();
    expect(readdirSync(directory)).toEqual([NAME]);
    lock?.release();
    expect(readdirSync(directory)).toEqual([]);
  }
});

test("processes that take it and let it go all the time never have it two at once", async () => {
  const directory = folder();
  const ends = [1, 2, 3].map(async () => {
    const child = spawn(process.execPath, ["-C", "agentcore-source", CHILD, directory, "150"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return (await once(child, "close"))[0] as number;
  });
  expect(await Promise.all(ends)).toEqual([0, 0, 0]);
  expect(readdirSync(directory)).toEqual([]);
});

test("a file of another kind in its place is told", () => {
  const directory = folder();
  writeFileSync(join(directory, NAME), "somebody's");
  expect(() => takeCreationLock(directory)).toThrow(
    expect.objectContaining({ code: "STORE_UNAVAILABLE", message: expect.stringContaining(join(directory, NAME)) }),
  );
});

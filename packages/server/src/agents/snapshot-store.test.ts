import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hashOfCode, readCode } from "./read-code.ts";
import { readSnapshot, storeSnapshot } from "./snapshot-store.ts";

const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-snapshots-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
};

const FILES = new Map([
  ["agent.ts", Buffer.from("export const a = 1;")],
  ["lib/b.ts", Buffer.from("export const b = 2;")],
]);
const SNAPSHOT = { hash: hashOfCode(FILES), root: "/x", entry: "agent.ts" };

test("the hash of a snapshot is that of the code as it was read, whatever the order of its files", async () => {
  const root = await folder();
  await mkdir(join(root, "lib", "deep"), { recursive: true });
  const names = ["lib.ts", "lib/z.ts", "lib/deep/a.ts", "lib-a.ts", "Lib.ts", "a.ts"];
  for (const name of ["package.json", ...names])
    await writeFile(join(root, name), name === "package.json" ? "{}" : name);
  const { snapshot, files } = await readCode(join(root, "a.ts"));
  expect(hashOfCode(new Map([...files].reverse()))).toBe(snapshot.hash);
  await storeSnapshot(join(root, "revisions"), snapshot, files);
  expect(new Map(await readSnapshot(join(root, "revisions"), snapshot.hash))).toEqual(new Map(files));
});

test("a snapshot that the power cut left empty, or lacks or has a file too many, is none, and the next one takes its place", async () => {
  const directory = await folder();
  const kept = join(directory, SNAPSHOT.hash);
  const damages: readonly (() => Promise<void>)[] = [
    () => truncate(join(kept, "lib/b.ts"), 0),
    () => rm(join(kept, "lib"), { recursive: true }),
    () => writeFile(join(kept, "more.ts"), ""),
    async () => {
      await rm(kept, { recursive: true });
      await mkdir(kept);
    },
  ];
  await storeSnapshot(directory, SNAPSHOT, FILES);
  // What is no code is nobody's concern.
  await writeFile(join(kept, ".DS_Store"), "");
  expect(await readSnapshot(directory, SNAPSHOT.hash)).toEqual(FILES);
  for (const damage of damages) {
    await damage();
    expect(await readSnapshot(directory, SNAPSHOT.hash)).toBeNull();
    // As agents of one package do.
    await Promise.all(Array.from({ length: 4 }, () => storeSnapshot(directory, SNAPSHOT, FILES)));
    expect(await readSnapshot(directory, SNAPSHOT.hash)).toEqual(FILES);
    expect(await readdir(directory)).toEqual([SNAPSHOT.hash]);
  }
});

test("a snapshot that names a file outside of it is refused, and leaves nothing", async () => {
  const directory = await folder();
  const files = new Map([["../beside.ts", Buffer.from("x")]]);
  await expect(storeSnapshot(directory, { ...SNAPSHOT, hash: hashOfCode(files) }, files)).rejects.toThrow("outside");
  expect(await readdir(directory)).toEqual([]);
});

test("a disk without room for a revision is named, and is no defect", async () => {
  const content = (async function* () {
    yield Buffer.from("x");
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  })();
  const files = new Map([["agent.ts", content as unknown as Buffer]]);
  const stored = storeSnapshot(await folder(), SNAPSHOT, files);
  await expect(stored).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("disk of the data folder") as string,
  });
});

import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readCode } from "./read-code.ts";

test("code is read although a folder in its package comes and goes, as the data of a node may", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-code-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(join(folder, "agent.mjs"), "export const a = 1;");
  let isOver = false;
  const comeAndGo = async (name: string): Promise<void> => {
    while (!isOver) {
      const made = join(folder, `${name}.tmp`);
      await mkdir(made);
      await writeFile(join(made, "x.mjs"), "");
      await rename(made, join(folder, name));
      await rm(join(folder, name), { recursive: true, force: true });
    }
  };
  const others = ["b", "c", "d"].map(comeAndGo);
  try {
    for (let read = 0; read < 300; read++)
      expect((await readCode(join(folder, "agent.mjs"))).files.has("agent.mjs")).toBe(true);
  } finally {
    isOver = true;
    await Promise.all(others);
  }
});

import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { watchFolders } from "./watch-folders.ts";

test("several changes within a moment are told at once, the node's own data never", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "agentcore-watch-")));
  const stop = new AbortController();
  onTestFinished(async () => {
    stop.abort();
    await rm(folder, { recursive: true });
  });
  const told = Promise.withResolvers<readonly string[]>();
  watchFolders([folder], {
    ignore: [join(folder, "state")],
    signal: stop.signal,
    onChange: async (files) => told.resolve(files),
  });
  await Promise.all(["a.ts", "b.agent.yaml", "c.pdf"].map((name) => writeFile(join(folder, name), "x")));
  await writeFile(join(folder, "state"), "x");
  expect(await told.promise).toEqual([join(folder, "a.ts"), join(folder, "b.agent.yaml")]);
});

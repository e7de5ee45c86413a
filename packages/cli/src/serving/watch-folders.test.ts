import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { outermost, watchFolders } from "./watch-folders.ts";

let folder: string;
/** The next files that are told of, relative to the folder. */
let told: () => Promise<readonly string[]>;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "agentcore-watch-")));
  await mkdir(join(folder, "agents/deep"), { recursive: true });
  await mkdir(join(folder, "node_modules/package"), { recursive: true });
  await mkdir(join(folder, "state"));
  await writeFile(join(folder, "agents/deep/one.ts"), "1");
  const stop = new AbortController();
  const arrived: (readonly string[])[] = [];
  let wake = Promise.withResolvers<void>();
  watchFolders([folder], {
    ignore: [join(folder, "state")],
    signal: stop.signal,
    onChange: async (files) => {
      arrived.push(files.map((file) => relative(folder, file)));
      wake.resolve();
    },
  });
  told = async () => {
    while (arrived.length === 0) await wake.promise;
    wake = Promise.withResolvers();
    return arrived.shift() ?? [];
  };
  onTestFinished(async () => {
    stop.abort();
    await rm(folder, { recursive: true });
  });
});

const put = (name: string, text = "x") => writeFile(join(folder, name), text);

test("several changes within a moment are told at once", async () => {
  await Promise.all([put("a.ts"), put("b.agent.yaml")]);
  expect(await told()).toEqual(["a.ts", "b.agent.yaml"]);
});

test("installed packages, dot folders, the node's own data and other files are never told of", async () => {
  await Promise.all([put("node_modules/package/a.ts"), put("state/a.json"), put("a.pdf")]);
  await mkdir(join(folder, ".git"));
  await put(".git/a.json");
  await put("last.ts");
  expect(await told()).toEqual(["last.ts"]);
});

test("a file that an editor replaces is told of every time, however deep it lies", async () => {
  for (const text of ["2", "3", "4"]) {
    await put("agents/deep/one.ts.tmp", text);
    await rename(join(folder, "agents/deep/one.ts.tmp"), join(folder, "agents/deep/one.ts"));
    expect(await told()).toEqual(["agents/deep/one.ts"]);
  }
  await rm(join(folder, "agents/deep/one.ts"));
  expect(await told()).toEqual(["agents/deep/one.ts"]);
});

test("a folder that comes later, or comes back, is watched too", async () => {
  for (let round = 0; round < 2; round += 1) {
    await mkdir(join(folder, "new/er"), { recursive: true });
    await put("new/er/agent.ts");
    expect(await told()).toEqual(["new/er/agent.ts"]);
    await put("new/er/agent.ts", "changed");
    expect(await told()).toEqual(["new/er/agent.ts"]);
    await rm(join(folder, "new"), { recursive: true });
    expect(await told()).toEqual(["new/er/agent.ts"]);
  }
});

test("a folder below another is watched once", () => {
  expect(outermost(["/a/b", "/a", "/ab", "/a"])).toEqual(["/a", "/ab"]);
});

/**
 * Real files, the real hooks: what a revision holds on to, and what it shares with whatever comes later. Loaded in a process
 * of their own, since the test runner has its own way with imports.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CodeSnapshot, readCode } from "./read-code.ts";
import { storeSnapshot } from "./snapshot-store.ts";

const program = fileURLToPath(new URL("../../test/agents/load-revisions.ts", import.meta.url));
let base: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "agentcore-revisions-")));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), content);
  }
};

const keep = async (entry: string): Promise<CodeSnapshot> => {
  const { snapshot, files } = await readCode(join(base, entry));
  await storeSnapshot(join(base, "revisions"), snapshot, files);
  return snapshot;
};

/** What the snapshots export as `value`, or return when it is a function; all in one process. */
const valuesOf = async (...snapshots: readonly CodeSnapshot[]): Promise<readonly unknown[]> => {
  const words = ["-C", "agentcore-source", program, join(base, "revisions"), JSON.stringify(snapshots)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout) as unknown[];
};

const PACKAGE = { "agent/package.json": '{ "type": "module" }' };

describe("a revision holds on to", () => {
  test.each([
    ["a .ts module", "dep.ts", "const dep: string = 'TEXT'; export { dep };", 'import { dep } from "./dep.ts";'],
    ["a .mts module", "dep.mts", "export const dep: string = 'TEXT';", 'import { dep } from "./dep.mts";'],
    [
      "a .cts module",
      "dep.cts",
      "const dep: string = 'TEXT'; module.exports = { dep };",
      'import all from "./dep.cts"; const { dep } = all;',
    ],
    ["a .js module", "dep.js", "export const dep = 'TEXT';", 'import { dep } from "./dep.js";'],
    ["a .mjs module", "dep.mjs", "export const dep = 'TEXT';", 'import { dep } from "./dep.mjs";'],
    [
      "a .cjs module",
      "dep.cjs",
      "module.exports = { dep: 'TEXT' };",
      'import all from "./dep.cjs"; const { dep } = all;',
    ],
    [
      "imported JSON",
      "dep.json",
      '{ "dep": "TEXT" }',
      'import all from "./dep.json" with { type: "json" }; const { dep } = all;',
    ],
    ["a module in a folder", "lib/dep.ts", "export const dep = 'TEXT';", 'import { dep } from "./lib/dep.ts";'],
    ["what is imported late", "dep.ts", "export const dep = 'TEXT';", 'const { dep } = await import("./dep.ts");'],
  ])("%s", async (_, name, content, line) => {
    const entry = `${line}\nexport const value = dep;`;
    await write({ ...PACKAGE, "agent/agent.ts": entry, [`agent/${name}`]: content.replace("TEXT", "old") });
    const before = await keep("agent/agent.ts");
    await write({ [`agent/${name}`]: content.replace("TEXT", "new") });
    const after = await keep("agent/agent.ts");
    expect(after.hash).not.toBe(before.hash);
    expect(await valuesOf(before, after)).toEqual(["old", "new"]);
    await rm(join(base, "agent"), { recursive: true });
    expect(await valuesOf(after, before)).toEqual(["new", "old"]);
  });

  test("what CommonJS modules require of each other, while dependencies stay shared", async () => {
    await write({
      ...PACKAGE,
      "agent/agent.ts": 'import all from "./first.cjs"; export const value = all;',
      "agent/first.cjs": 'module.exports = `${require("./second.cts").text} ${require("dependency")}`;',
      "agent/second.cts": 'const text: string = require("./third.json").text; module.exports = { text };',
      "agent/third.json": '{ "text": "old" }',
      "agent/node_modules/dependency/index.js": 'module.exports = "shared";',
    });
    const before = await keep("agent/agent.ts");
    await write({ "agent/third.json": '{ "text": "new" }' });
    expect(await valuesOf(before, await keep("agent/agent.ts"))).toEqual(["old shared", "new shared"]);
  });

  test.each(["agent.mts", "agent.js", "agent.mjs"])("its entry %s, also when the file is gone", async (name) => {
    await write({ ...PACKAGE, [`agent/${name}`]: "export const value = 'old';" });
    const snapshot = await keep(`agent/${name}`);
    await write({ [`agent/${name}`]: "export const value = 'new';" });
    expect(await valuesOf(snapshot)).toEqual(["old"]);
  });
});

describe("a revision shares", () => {
  test.each(["notes.txt", "table.json", "rules.wasm"])(
    "%s, read by import.meta.url: it is no part of it",
    async (name) => {
      const entry = `import { readFileSync } from "node:fs";
export const value = () => readFileSync(new URL("./${name}", import.meta.url), "utf8");`;
      await write({ ...PACKAGE, "agent/agent.ts": entry, [`agent/${name}`]: "1" });
      const before = await keep("agent/agent.ts");
      await write({ [`agent/${name}`]: "2" });
      expect(await valuesOf(before)).toEqual(["2"]);
      // JSON could be imported, so it counts; what cannot be, does not.
      expect((await keep("agent/agent.ts")).hash === before.hash).toBe(!name.endsWith(".json"));
    },
  );

  test("what a link leads to outside its package", async () => {
    await write({
      ...PACKAGE,
      "agent/agent.ts": 'export { value } from "./linked.ts";',
      "shared/dep.ts": "export const value = 'old';",
    });
    await symlink(join(base, "shared/dep.ts"), join(base, "agent/linked.ts"));
    const { files } = await readCode(join(base, "agent/agent.ts"));
    expect([...files.keys()].toSorted()).toEqual(["agent.ts", "package.json"]);
    expect(await valuesOf(await keep("agent/agent.ts"))).toEqual(["old"]);
  });
});

describe("links", () => {
  test("within the package are followed, and what they lead to is held on to", async () => {
    await write({
      ...PACKAGE,
      "agent/agent.ts": 'export { value } from "./linked.ts";',
      "agent/lib/dep.ts": "export const value = 'old';",
    });
    await symlink(join(base, "agent/lib/dep.ts"), join(base, "agent/linked.ts"));
    const snapshot = await keep("agent/agent.ts");
    await write({ "agent/lib/dep.ts": "export const value = 'new';" });
    expect(await valuesOf(snapshot)).toEqual(["old"]);
    expect(await valuesOf(await keep("agent/agent.ts"))).toEqual(["new"]);
  });

  test("on the way to the package do not loosen its hold on the code", async () => {
    await write({
      ...PACKAGE,
      "agent/agent.ts": 'export { value } from "./dep.ts";',
      "agent/dep.ts": "export const value = 'old';",
    });
    await symlink(join(base, "agent"), join(base, "current"));
    const snapshot = await keep("current/agent.ts");
    await write({ "agent/dep.ts": "export const value = 'new';" });
    expect(await valuesOf(snapshot)).toEqual(["old"]);
    // Deployed elsewhere: what runs goes on with what it began with.
    await unlink(join(base, "current"));
    await rm(join(base, "agent"), { recursive: true });
    expect(await valuesOf(snapshot)).toEqual(["old"]);
  });

  test("that go round in circles or lead nowhere do no harm", async () => {
    await write({ ...PACKAGE, "agent/agent.ts": "export const value = 1;" });
    await symlink(join(base, "agent"), join(base, "agent/self"));
    await symlink(join(base, "none.ts"), join(base, "agent/dangling.ts"));
    const { files } = await readCode(join(base, "agent/agent.ts"));
    expect([...files.keys()].toSorted()).toEqual(["agent.ts", "package.json"]);
  });
});

test("tests, dependencies, output and what is no source are no part of a revision", async () => {
  await write({
    ...PACKAGE,
    "agent/agent.ts": "export const value = 1;",
    "agent/agent.test.ts": "",
    "agent/old.test.cts": "",
    "agent/node_modules/dep/index.js": "",
    "agent/dist/agent.js": "",
    "agent/.cache/x.ts": "",
    "agent/letter.pdf": "",
  });
  const { files } = await readCode(join(base, "agent/agent.ts"));
  expect([...files.keys()].toSorted()).toEqual(["agent.ts", "package.json"]);
  const copy = await keep("agent/agent.ts");
  expect(await readFile(join(base, "revisions", copy.hash, "agent.ts"), "utf8")).toBe("export const value = 1;");
});

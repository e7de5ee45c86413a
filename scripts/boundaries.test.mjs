// A guard that never fired may not work at all, so each boundary is crossed once here. The check runs as it does for
// `npm run check lint`, with the repository's own configuration, on a small tree in a temporary folder.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment, node, root } from "./toolchain.mjs";

const cleanTree = {
  "packages/contract/src/index.ts": `export const contract = "1";`,
  "packages/core/src/index.ts": `import { contract } from "@agentcore/contract";\nexport const core = contract;`,
  "packages/core/src/index.test.ts": `import "node:fs";\nexport const startedAt = Date.now();`,
  "packages/sdk/src/index.ts": `export { contract } from "@agentcore/contract";`,
  "packages/cli/src/up.ts": `export const server = () => import("@agentcore/server");`,
  "packages/server/src/index.ts": `export { core } from "@agentcore/core";`,
  "examples/loan/src/agents/reader.ts": `import { limit } from "../domain/limit.ts";\nexport const reader = limit;`,
  "examples/loan/src/agents/reader.test.ts": `import { reader } from "./reader.ts";\nexport const tested = reader;`,
  "examples/loan/src/agents/scorer/index.ts": `export { weight } from "./weight.ts";`,
  "examples/loan/src/agents/scorer/weight.ts": `export const weight = 2;`,
  "examples/loan/src/domain/limit.ts": `export const limit = 1;`,
};

/** What is planted: [what it is, the file, its text, what the check must say about that file]. */
const violations = [
  ["a Node built-in in core", "packages/core/src/a.ts", `import "node:fs";`, "no-nodejs-modules"],
  ["a Node built-in without prefix in contract", "packages/contract/src/a.ts", `import "fs";`, "no-nodejs-modules"],
  ["a Node built-in imported late in sdk", "packages/sdk/src/a.ts", `void import("node:os");`, "no-nodejs-modules"],
  ["Date.now in core", "packages/core/src/b.ts", `export const b = Date.now();`, "Ask the Clock port"],
  ["new Date in core", "packages/core/src/c.ts", `export const c = new Date();`, "Ask the Clock port"],
  ["a timer in core", "packages/core/src/d.ts", `globalThis.setTimeout(() => 1, 1);`, "Ask the Clock port"],
  ["Math.random in core", "packages/core/src/e.ts", `export const e = Math.random();`, "Ask the Ids port"],
  ["console in core", "packages/core/src/f.ts", `console.log(1);`, "Use the Logger port"],
  ["sdk importing core", "packages/sdk/src/b.ts", `import "@agentcore/core";`, "must not import core"],
  ["sdk passing core on", "packages/sdk/src/c.ts", `export { a } from "@agentcore/core";`, "must not import core"],
  [
    "sdk using a type of core",
    "packages/sdk/src/d.ts",
    `export type D = import("@agentcore/core").D;`,
    "not import core",
  ],
  ["sdk importing core late", "packages/sdk/src/e.ts", `void import("@agentcore/core/bus");`, "must not import core"],
  ["sdk reaching into core's folder", "packages/sdk/src/f.ts", `import "../../core/src/index.ts";`, "not import core"],
  ["a test of core using the command", "packages/core/src/a.test.ts", `import "agentcore";`, "must not import cli"],
  ["a package that has no arrows", "packages/newcomer/src/a.ts", `import "@agentcore/core";`, "must not import core"],
  [
    "a tool importing more of core than texts",
    "packages/tools-documents/src/a.ts",
    `import "@agentcore/core/tasks";`,
    "must not import core but by @agentcore/core/text",
  ],
  ["the command loading the server at once", "packages/cli/src/a.ts", `import "@agentcore/server";`, "when needed"],
  [
    "the engine using a type of workflows",
    "packages/core/src/tasks/a.ts",
    `export type A = import("../workflows/a.ts").A;`,
    "must not import packages/core/src/workflows",
  ],
  ["one agent importing another", "examples/a/src/agents/a.ts", `import "./b.ts";`, "never imports another"],
  ["one agent importing another late", "examples/b/agents/a.ts", `void import("./b.ts");`, "never imports another"],
  ["an agent's folder importing an agent", "examples/c/agents/a/a.ts", `import "../b.ts";`, "never imports another"],
  ["a cycle", "examples/d/a.ts", `export { b } from "./b.ts";`, "no-cycle"],
  ["the other half of the cycle", "examples/d/b.ts", `export { b } from "./a.ts";`, "no-cycle"],
];

let tree;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "agentcore-boundaries-"));
  const configuration = [".oxlintrc.json", "package.json", "package-lock.json", "tsconfig.base.json", "scripts"];
  for (const path of configuration) cpSync(join(root, path), join(tree, path), { recursive: true });
  for (const name of readdirSync(join(root, "packages"))) {
    const path = join("packages", name, "tsconfig.json");
    cpSync(join(root, path), join(tree, path));
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  for (const [path, text] of Object.entries(cleanTree)) write(path, text);
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

function write(path, text) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), `${text}\n`);
}

function check() {
  const result = spawnSync(node, [join(tree, "scripts", "check.mjs"), "lint"], { env: environment, encoding: "utf8" });
  // On build machines the report comes in colours.
  return { code: result.status, output: stripVTControlCharacters(result.stdout + result.stderr) };
}

test("a tree that keeps to the boundaries passes", () => {
  expect(check()).toMatchObject({ code: 0, output: expect.stringMatching(/^lint +ok/) });
});

test("every violation of a boundary fails the check", () => {
  for (const [, path, text] of violations) write(path, text);
  const { code, output } = check();
  expect(code).toBe(1);
  // The report is a list of paragraphs, each with one complaint and the place it is about.
  const complaints = output.split("\n\n");
  const missed = violations.filter(
    ([, path, , reason]) =>
      !complaints.some((complaint) => complaint.includes(`[${path}:`) && complaint.includes(reason)),
  );
  expect(missed.map(([what]) => what)).toEqual([]);
  const clean = Object.keys(cleanTree).filter((path) => output.includes(`[${path}:`));
  expect(clean).toEqual([]);
});

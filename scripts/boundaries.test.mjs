// A guard that never fired may not work at all, so each boundary is crossed once here. The check runs as it does for
// `npm run check lint`, with the repository's own configuration, on a small tree in a temporary folder.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

let tree;

beforeEach(() => {
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

afterEach(() => rmSync(tree, { recursive: true, force: true }));

function write(path, text) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), `${text}\n`);
}

function check() {
  const result = spawnSync(node, [join(tree, "scripts", "check.mjs"), "lint"], { env: environment, encoding: "utf8" });
  return { code: result.status, output: result.stdout + result.stderr };
}

test("a tree that keeps to the boundaries passes", () => {
  expect(check()).toMatchObject({ code: 0, output: expect.stringMatching(/^lint +ok/) });
});

const violations = [
  ["a Node built-in in core", "packages/core/src/disk.ts", `import "node:fs";`, "no-nodejs-modules"],
  [
    "a Node built-in without its prefix in contract",
    "packages/contract/src/disk.ts",
    `import "fs";`,
    "no-nodejs-modules",
  ],
  [
    "a Node built-in imported late in sdk",
    "packages/sdk/src/a.ts",
    `export const a = import("node:os");`,
    "no-nodejs-modules",
  ],
  ["Date.now in core", "packages/core/src/a.ts", `export const a = Date.now();`, "Ask the Clock port"],
  ["new Date in core", "packages/core/src/a.ts", `export const a = new Date();`, "Ask the Clock port"],
  [
    "globalThis.setTimeout in core",
    "packages/core/src/a.ts",
    `globalThis.setTimeout(() => 1, 1);`,
    "Ask the Clock port",
  ],
  ["Math.random in core", "packages/core/src/a.ts", `export const a = Math.random();`, "Ask the Ids port"],
  ["console in core", "packages/core/src/a.ts", `console.log(1);`, "Use the Logger port"],
  ["sdk importing core", "packages/sdk/src/a.ts", `export { core } from "@agentcore/core";`, "must not import core"],
  [
    "sdk importing a type of core",
    "packages/sdk/src/a.ts",
    `export type A = import("@agentcore/core/bus").A;`,
    "must not import core",
  ],
  [
    "sdk importing core late",
    "packages/sdk/src/a.ts",
    `export const a = import("@agentcore/core");`,
    "must not import core",
  ],
  [
    "sdk reaching into the folder of core",
    "packages/sdk/src/a.ts",
    `import "../../core/src/index.ts";`,
    "must not import core",
  ],
  ["a test of core importing the command", "packages/core/src/a.test.ts", `import "agentcore";`, "must not import cli"],
  ["a package without arrows", "packages/newcomer/src/a.ts", `import "@agentcore/core";`, "must not import core"],
  [
    "the command importing the server at once",
    "packages/cli/src/a.ts",
    `import "@agentcore/server";`,
    "only when needed",
  ],
  [
    "one agent importing another",
    "examples/loan/src/agents/a.ts",
    `import "./reader.ts";`,
    "An agent never imports another",
  ],
  [
    "an agent's folder importing another agent",
    "examples/loan/agents/a/b.ts",
    `import "../c.ts";`,
    "An agent never imports another",
  ],
  [
    "one agent importing another late",
    "examples/loan/agents/a.ts",
    `export const b = import("./b.ts");`,
    "An agent never imports another",
  ],
  ["a cycle", "packages/core/src/a.ts", `export { b } from "./a.ts";`, "no-cycle"],
];

test.each(violations)("%s fails the check", (_, path, text, reason) => {
  write(path, text);
  expect(check()).toMatchObject({ code: 1, output: expect.stringContaining(reason) });
});

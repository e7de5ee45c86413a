import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { assertWithoutData, dependenciesOf, packageMounts } from "./package-mounts.ts";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "agentcore-packages-")));
});
afterEach(() => rmSync(root, { recursive: true }));

const addPackage = (path: string, dependencies: readonly string[] = [], member = "dependencies"): void => {
  mkdirSync(join(root, path), { recursive: true });
  const named = Object.fromEntries(dependencies.map((name) => [name, "*"]));
  writeFileSync(join(root, path, "package.json"), JSON.stringify({ [member]: named }));
};
const link = (path: string, target: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(join(root, target), join(root, path));
};
const found = (folder: string, ...names: string[]): string[] =>
  packageMounts(join(root, folder), names).map((mount) =>
    "from" in mount ? mount.to.slice(root.length + 1) : `${mount.to} -> ${mount.target}`.replaceAll(`${root}/`, ""),
  );

test("what is named, and what that names, is found in the nearest node_modules; nothing else", () => {
  addPackage("node_modules/a", ["b"]);
  addPackage("node_modules/b", ["@c/d"], "peerDependencies");
  addPackage("node_modules/@c/d", ["a", "missing"], "optionalDependencies");
  addPackage("node_modules/unasked");
  addPackage("app/node_modules/b");
  expect(found("app/agents", "a")).toEqual(["node_modules/@c/d", "node_modules/a", "node_modules/b"]);
  // Nearer to the code lies another one.
  expect(found("app/agents", "a", "b")).toContain("app/node_modules/b");
});

test("what lies in a package that is there is there with it, and what that names is found all the same", () => {
  addPackage("node_modules/a", ["b"]);
  addPackage("node_modules/a/node_modules/b", ["c"]);
  addPackage("node_modules/c");
  expect(found("app", "a")).toEqual(["node_modules/a", "node_modules/c"]);
});

test("links of workspaces, and of stores as pnpm has them, lead where they lead here", () => {
  addPackage("packages/own", ["x"]);
  addPackage("node_modules/.pnpm/x@1/node_modules/x", ["y"]);
  addPackage("node_modules/.pnpm/y@1/node_modules/y");
  link("node_modules/own", "packages/own");
  link("packages/own/node_modules/x", "node_modules/.pnpm/x@1/node_modules/x");
  link("node_modules/.pnpm/x@1/node_modules/y", "node_modules/.pnpm/y@1/node_modules/y");
  expect(found("app", "own")).toEqual([
    "node_modules/.pnpm/x@1/node_modules/x",
    "node_modules/.pnpm/x@1/node_modules/y -> node_modules/.pnpm/y@1/node_modules/y",
    "node_modules/.pnpm/y@1/node_modules/y",
    "node_modules/own -> packages/own",
    "packages/own",
  ]);
});

test("of a package.json, dependencies of all kinds but those for development are named", () => {
  const text = { dependencies: { a: "1" }, optionalDependencies: { b: "1" }, peerDependencies: { c: "1" } };
  expect(dependenciesOf(JSON.stringify({ ...text, devDependencies: { d: "1" } }))).toEqual(["a", "b", "c"]);
  expect(dependenciesOf(undefined)).toEqual([]);
});

test("names that lead out of node_modules lead nowhere", () => {
  addPackage("secret");
  mkdirSync(join(root, "node_modules"));
  expect(found("app", "../secret", "/etc", ".", "")).toEqual([]);
});

test("a package that holds the node's data is refused, also where the data folder is named by a link", () => {
  addPackage("shop");
  addPackage("shop/.agentcore");
  link("agents/node_modules/shop", "shop");
  link("data", "shop/.agentcore");
  const mounts = packageMounts(join(root, "agents"), ["shop"]);
  for (const data of ["shop/.agentcore", "data"])
    expect(() => assertWithoutData(mounts, join(root, data))).toThrow("holds the node's data folder");
  expect(() => assertWithoutData(mounts, join(root, "agents"))).not.toThrow();
});

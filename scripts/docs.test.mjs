// Documents rot silently, so what can be checked in them is: links lead somewhere, manifests are accepted by the reader
// and the schema that `agentcore apply` uses, and code marked `ts run` runs.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { parseManifests } from "../packages/cli/src/manifests/read-manifests.ts";
import { Manifest, parseInput } from "../packages/contract/src/index.ts";
import { checkWorkflow } from "../packages/server/src/manifests/check-workflow.ts";
import { environment, node, root } from "./toolchain.mjs";

const skipped = new Set(["node_modules", "dist", "coverage"]);

function markdownFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const documents = markdownFiles(root).map((path) => ({
  path,
  name: relative(root, path),
  text: readFileSync(path, "utf8"),
}));

const withoutCode = (text) => text.replace(/^ *```[\s\S]*?^ *```/gm, "").replace(/`[^`\n]*`/g, "");

/** Blocks whose info string begins with `info`, each with its text. */
function blocks(text, info) {
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === info)
    .map(([, , body]) => body);
}

/** How GitHub names the heading's anchor. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

const anchorsIn = (text) => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading.trim()));

/** What is wrong with a link of a document, or undefined. */
function complain({ path, text }, link) {
  if (/^[a-z]+:/.test(link)) return;
  const [file, anchor] = link.split("#");
  const target = file === "" ? path : join(dirname(path), decodeURIComponent(file));
  if (!existsSync(target)) return `${link}: there is no such file`;
  if (anchor === undefined || statSync(target).isDirectory()) return;
  const anchors = anchorsIn(file === "" ? text : readFileSync(target, "utf8"));
  return anchors.includes(anchor) ? undefined : `${link}: there is no such heading`;
}

test("every relative link of every document leads to a file and a heading that are there", () => {
  const broken = documents.flatMap((document) =>
    [...withoutCode(document.text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => complain(document, link))
      .filter((complaint) => complaint !== undefined)
      .map((complaint) => `${document.name}: ${complaint}`),
  );
  expect(broken).toEqual([]);
});

test("a link to a missing file or heading is noticed", () => {
  const document = { path: join(root, "README.md"), text: "# Here\n" };
  expect(complain(document, "docs/missing.md")).toContain("no such file");
  expect(complain(document, "#there")).toContain("no such heading");
  expect(complain(document, "#here")).toBeUndefined();
});

test("every manifest in the documents is one that the node accepts", async () => {
  let count = 0;
  for (const { name, path, text } of documents) {
    for (const yaml of blocks(text, "yaml")) {
      for (const { manifest } of await parseManifests(yaml, path, name)) {
        const checked = parseInput(Manifest, manifest, `a manifest in ${name}`);
        if (checked.kind === "Workflow") checkWorkflow(checked, `a workflow in ${name}`);
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(4);
});

test("docs/manifests.md has a row for every field of the schema, and no other", () => {
  const { text } = documents.find(({ name }) => name === join("docs", "manifests.md"));
  const documented = [
    ...text.matchAll(
      /^\| `(metadata|Agent|Workflow|Model|Tool|Budget|Policy|Tenant|Schedule|MemoryPool)\.([\w.]+)` \|/gm,
    ),
  ].map(([, kind, field]) => `${kind}.${field}`);
  const fields = Manifest.options.flatMap(({ shape: { kind, spec } }) =>
    Object.keys(spec.shape).map((field) => `${kind.value}.${field}`),
  );
  const metadata = Object.keys(Manifest.options[0].shape.metadata.shape).map((field) => `metadata.${field}`);
  expect(new Set(documented)).toEqual(new Set([...metadata, ...fields]));
  expect(documented).toHaveLength(new Set(documented).size);
});

// A block that imports something is a program, whether or not it says so; what is marked `ts run` runs in any case.
const programs = documents.flatMap(({ name, text }) =>
  [...blocks(text, "ts run"), ...blocks(text, "ts").filter((code) => /^import /m.test(code))].map((code, index) => [
    name,
    index + 1,
    code,
  ]),
);

/** `run.output; // "lent"` says what it is: with this it has to be. */
const withAssertions = (code) =>
  `import assert from "node:assert/strict";\n${code.replaceAll(
    /^(\w+(?:\.\w+)+); \/\/ ("[^"]*"|\d+)/gm,
    "assert.deepEqual($1, $2); //",
  )}`;

test.each(programs)("the code in %s, number %i, runs", (_name, _index, code) => {
  const command = ["-C", "agentcore-source", "--input-type=module-typescript", "-"];
  const input = withAssertions(code);
  const { status, stderr } = spawnSync(node, command, { cwd: root, env: environment, input, encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
});

test("the first programs that a reader meets are among those that run", () => {
  const names = programs.map(([name]) => name);
  for (const name of ["README.md", "packages/sdk/README.md", "packages/testing/README.md", "docs/tasks.md"])
    expect(names).toContain(name);
  expect(withAssertions('run.output; // "lent"')).toContain('assert.deepEqual(run.output, "lent")');
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultInputOf } from "./default-input.ts";
import { findManifestFiles } from "./find-manifest-files.ts";
import { codePathOf, readManifests } from "./read-manifests.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-manifests-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (name: string, content: string): Promise<void> => {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
};

const manifest = (name: string, extra = "") =>
  `apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata:\n  name: ${name}\n${extra}spec:\n  code: { path: ./src/${name}.ts, export: ${name} }\n`;

test("a folder is searched for manifests, without node_modules and dot folders", async () => {
  await put("a/one.agent.yaml", manifest("one"));
  await put("a/agentcore.yaml", manifest("two"));
  await put("b/three.agent.json", "{}");
  await put("b/local.model.yml", "{}");
  await put("b/daily.budget.yaml", "{}");
  await put("b/acme.tenant.yaml", "{}");
  await put("b/other.yaml", "{}");
  await put("node_modules/x/no.agent.yaml", "{}");
  await put(".git/no.agent.yaml", "{}");
  expect(await findManifestFiles(["."], folder)).toEqual(
    [
      "a/agentcore.yaml",
      "a/one.agent.yaml",
      "b/acme.tenant.yaml",
      "b/daily.budget.yaml",
      "b/local.model.yml",
      "b/three.agent.json",
    ].map((name) => join(folder, name)),
  );
});

test("a file of more than 1 MiB is refused by name", async () => {
  await put("large.agent.yaml", `# ${"x".repeat(1024 * 1024)}`);
  await expect(readManifests(["large.agent.yaml"], folder)).rejects.toMatchObject({
    code: "TOO_LARGE",
    message: expect.stringContaining("large.agent.yaml has 1048578 bytes"),
  });
});

test("a missing path, a folder without manifests and a file that cannot be one are refused", async () => {
  await put("agent.ts", "");
  await expect(findManifestFiles(["agent.ts"], folder)).rejects.toThrow(/agent\.ts is no manifest/);
  await expect(findManifestFiles(["nowhere"], folder)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(findManifestFiles(["."], folder)).rejects.toThrow(/no manifest below/);
});

test("every document of a file is read, and its code's path is made absolute", async () => {
  await put("agents/all.agent.yaml", `# first\n${manifest("one")}---\n${manifest("two")}---\n`);
  const documents = await readManifests(["agents"], folder);
  expect(documents.map(({ line }) => line)).toEqual([2, 9]);
  expect(documents.map(codePathOf)).toEqual([join(folder, "agents/src/one.ts"), join(folder, "agents/src/two.ts")]);
});

describe("a text that is no manifest is refused with file and line", () => {
  test.each([
    ["bad.agent.yaml", "kind: Agent\nmetadata: {name: [}\n", /^bad\.agent\.yaml:2:\d+: /],
    ["bad.agent.json", '{\n  "kind": ', /^bad\.agent\.json:2:\d+: /],
    ["list.agent.yaml", "\n\n- one\n", /^list\.agent\.yaml:3: expected a manifest/],
  ])("%s", async (name, content, message) => {
    await put(name, content);
    const error: unknown = await readManifests([name], folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "PARSE_ERROR", message: expect.stringMatching(message) });
  });
});

test("a default input that names something beside the manifest becomes its path; any other text stays", async () => {
  const annotation = (value: string) => `  annotations: { agentcore.dev/default-input: "${value}" }\n`;
  await put("x/data/a.txt", "");
  const given = ["./data", "@data/a.txt", "hello", "@-", "", "@"];
  for (const [index, value] of given.entries()) await put(`x/${index}.agent.yaml`, manifest("one", annotation(value)));
  await put("x/none.agent.yaml", manifest("none"));
  const found = (await readManifests(["x"], folder)).map((document) => defaultInputOf(document.manifest));
  expect(found).toEqual([
    join(folder, "x/data"),
    `@${join(folder, "x/data/a.txt")}`,
    "hello",
    "@-",
    "",
    "@",
    undefined,
  ]);
});

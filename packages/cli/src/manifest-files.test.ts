import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codePathOf, defaultInputOf, findAgent, findManifestFiles, readManifests } from "./manifest-files.ts";

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
  await put("b/other.yaml", "{}");
  await put("node_modules/x/no.agent.yaml", "{}");
  await put(".git/no.agent.yaml", "{}");
  expect(await findManifestFiles(["."], folder)).toEqual(
    ["a/agentcore.yaml", "a/one.agent.yaml", "b/local.model.yml", "b/three.agent.json"].map((name) =>
      join(folder, name),
    ),
  );
});

test("a missing path and a folder without manifests are refused", async () => {
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

test("the default input is a path beside the manifest when there is one, else the text", async () => {
  const annotation = (value: string) => `  annotations: { agentcore.dev/default-input: ${value} }\n`;
  await put("x/data/a.txt", "");
  await put("x/one.agent.yaml", manifest("one", annotation("./data")));
  await put("x/two.agent.yaml", manifest("two", annotation("hello")));
  const documents = await readManifests(["x"], folder);
  const inputOf = (name: string) => {
    const found = findAgent(documents, name);
    return found === undefined ? undefined : defaultInputOf(found);
  };
  expect(inputOf("one")).toBe(join(folder, "x/data"));
  expect(inputOf("two")).toBe("hello");
  expect(inputOf("three")).toBeUndefined();
});

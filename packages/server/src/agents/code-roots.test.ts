import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCodeRoots } from "./code-roots.ts";
import { readCode } from "./read-code.ts";

let base: string;
const inBase = (...names: string[]) => join(base, ...names);

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "agentcore-roots-"));
  for (const folder of ["allowed/agent", "allowed-too", "elsewhere"]) {
    await mkdir(inBase(folder), { recursive: true });
    await writeFile(inBase(folder, "agent.ts"), "export const agent = 1;");
  }
});
afterEach(() => rm(base, { recursive: true }));

const read = async (path: string, roots = ["allowed"]) =>
  readCode(path, await openCodeRoots(roots.map((root) => inBase(root)))).then(
    ({ snapshot }) => snapshot.entry,
    (error: { message: string }) => error.message.replaceAll(base, "BASE"),
  );

test("code below a root is read, also through a second root", async () => {
  expect(await read(inBase("allowed/agent/agent.ts"))).toBe("agent.ts");
  expect(await read(inBase("allowed-too/agent.ts"), ["allowed", "allowed-too"])).toBe("agent.ts");
});

test("code elsewhere is refused, whether it is there or not", async () => {
  for (const path of [
    "elsewhere/agent.ts",
    "allowed-too/agent.ts",
    "elsewhere/none.ts",
    "allowed/../elsewhere/agent.ts",
  ])
    expect(await read(inBase(path))).toContain("is outside the node's code roots");
  expect(await read(inBase("allowed/none.ts"))).toContain("is not a file");
});

test("a link that leaves the root is refused: as the module, on the way to it, and beside it", async () => {
  await symlink(inBase("elsewhere/agent.ts"), inBase("allowed/linked.ts"));
  expect(await read(inBase("allowed/linked.ts"))).toContain("outside");
  await symlink(inBase("elsewhere"), inBase("allowed/folder"));
  expect(await read(inBase("allowed/folder/agent.ts"))).toContain("outside");
  await symlink(inBase("elsewhere/agent.ts"), inBase("allowed/agent/beside.ts"));
  expect(await read(inBase("allowed/agent/agent.ts"))).toContain("beside.ts is outside");
});

test("a link that stays within is followed, and a root may itself be a link", async () => {
  await symlink(inBase("allowed/agent/agent.ts"), inBase("allowed/linked.ts"));
  expect(await read(inBase("allowed/linked.ts"))).toBe("agent.ts");
  await symlink(inBase("allowed"), inBase("current"));
  expect(await read(inBase("current/agent/agent.ts"), ["current"])).toBe("agent.ts");
});

test("a package.json above the root does not widen what is read", async () => {
  await writeFile(inBase("package.json"), "{}");
  const { files } = await readCode(inBase("allowed/agent/agent.ts"), await openCodeRoots([inBase("allowed")]));
  expect([...files.keys()]).toEqual(["agent.ts"]);
});

test("a root that is no folder is refused at the start", async () => {
  for (const root of ["none", "elsewhere/agent.ts"])
    await expect(openCodeRoots([inBase(root)])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { programMounts } from "./program-mounts.ts";

const openFolder = async (): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "agentcore-programs-")));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
};

test("folders of PATH are shown, and the packages that links in them lead to, but for what every sandbox has", async () => {
  const folder = await openFolder();
  const packages = join(folder, "lib/node_modules");
  await mkdir(join(packages, "tool/bin"), { recursive: true });
  await mkdir(join(folder, "bin"));
  await writeFile(join(packages, "tool/bin/tool.js"), "");
  await symlink("../lib/node_modules/tool/bin/tool.js", join(folder, "bin/tool"));
  await symlink("/nowhere", join(folder, "bin/dangling"));
  const path = `${join(folder, "bin")}:/usr/bin:relative:/:${join(folder, "missing")}`;
  expect(await programMounts(path, [join(folder, "bin/tool"), "/usr/bin/env"])).toEqual([
    { from: join(folder, "bin"), to: join(folder, "bin") },
    { from: packages, to: packages },
  ]);
});

test("a command that lies elsewhere is shown alone, and under the name that it was found by", async () => {
  const folder = await openFolder();
  await mkdir(join(folder, "versions"));
  await writeFile(join(folder, "versions/tool-2"), "");
  await writeFile(join(folder, "versions/secret"), "");
  await symlink("versions/tool-2", join(folder, "tool"));
  const real = join(folder, "versions/tool-2");
  expect(await programMounts(undefined, [join(folder, "tool")])).toEqual([
    { from: real, to: real },
    { target: real, to: join(folder, "tool") },
  ]);
});

test("of packages the outermost folder is shown, once, as they need each other", async () => {
  const folder = await openFolder();
  const inner = join(folder, "node_modules/one/node_modules/.bin");
  await mkdir(inner, { recursive: true });
  await writeFile(join(inner, "tool"), "");
  expect(await programMounts(`${inner}:${join(folder, "node_modules/.bin")}`, [join(inner, "tool")])).toEqual([
    { from: join(folder, "node_modules"), to: join(folder, "node_modules") },
  ]);
});

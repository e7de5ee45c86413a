import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createProject, ProjectRefused } from "./create-project.ts";
import { nextSteps } from "./next-steps.ts";
import { TEMPLATES } from "./templates.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "create-agentcore-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(TEMPLATES)("$name: a project has the name of its folder, and depends on this version", async ({ name }) => {
  const project = await createProject({ directory: join(folder, "My Agents"), template: name, version: "1.2.3" });
  expect(project.files).toEqual(expect.arrayContaining([".gitignore", "README.md", "agentcore.yaml", "package.json"]));
  for (const file of project.files) expect(existsSync(join(folder, "My Agents", file))).toBe(true);
  const text = await readFile(join(folder, "My Agents/package.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({ name: "my-agents", dependencies: { agentcore: "^1.2.3" } });
  expect(await readFile(join(folder, "My Agents/agentcore.yaml"), "utf8")).toContain(`name: ${project.template.agent}`);
  expect(nextSteps(project, folder)).toContain("cd My Agents\n  npm install\n  npm start\n");
});

test("what is there stays: a file of the same name refuses the whole", async () => {
  await writeFile(join(folder, "README.md"), "mine");
  const made = createProject({ directory: folder, template: "yaml", version: "1.0.0" });
  await expect(made).rejects.toThrow(`${folder} has README.md already; take an empty folder, or move them away first`);
  expect(await readdir(folder)).toEqual(["README.md"]);
});

test("a template that there is not is refused with those there are", async () => {
  const made = createProject({ directory: folder, template: "../agents", version: "1.0.0" });
  await expect(made).rejects.toThrow(ProjectRefused);
  await expect(made).rejects.toThrow("expected one of yaml, typescript, model, team");
});

test("where nothing can be written it says so, and leaves no half of a project", async () => {
  await writeFile(join(folder, "file"), "mine");
  for (const directory of ["file", "file/below"]) {
    const made = createProject({ directory: join(folder, directory), template: "yaml", version: "1.0.0" });
    await expect(made).rejects.toThrow(ProjectRefused);
    await expect(made).rejects.toThrow(/cannot be written to: (EEXIST|ENOTDIR).*take another folder/);
  }
  // A link that leads nowhere is seen only when its turn comes, and is somebody's.
  await mkdir(join(folder, "half/src"), { recursive: true });
  await symlink(join(folder, "nowhere/greeter.ts"), join(folder, "half/src/greeter.ts"));
  const half = createProject({ directory: join(folder, "half"), template: "typescript", version: "1.0.0" });
  await expect(half).rejects.toThrow("cannot be written to");
  expect(await readdir(join(folder, "half"), { recursive: true })).toEqual(["src", join("src", "greeter.ts")]);
});

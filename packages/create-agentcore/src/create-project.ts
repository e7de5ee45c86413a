import { constants, existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { TEMPLATES, type Template } from "./templates.ts";

export interface ProjectOptions {
  /** Made when it is not there; what is in it stays. */
  readonly directory: string;
  readonly template: string;
  /** Of AgentCore, that the project depends on. */
  readonly version: string;
}

export interface Project {
  readonly directory: string;
  readonly template: Template;
  /** Relative to the directory, in order. */
  readonly files: readonly string[];
}

/** A project was not made, and no file of it is there. The message says what to do. */
export class ProjectRefused extends Error {
  override readonly name = "ProjectRefused";
}

// npm leaves out of a package what is named so.
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };
const TEMPLATE_FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..", "templates");

/** Copies a template, under the name of the folder. Throws ProjectRefused for a template that there is not, for files that are there already, and where it cannot write. */
export const createProject = async ({ directory, template, version }: ProjectOptions): Promise<Project> => {
  const found = TEMPLATES.find(({ name }) => name === template);
  if (found === undefined)
    throw new ProjectRefused(
      `there is no template "${template}"; expected one of ${TEMPLATES.map(({ name }) => name).join(", ")}`,
    );
  const from = join(TEMPLATE_FOLDER, template);
  const to = resolve(directory);
  const files = (await filesBelow(from)).map((file) => ({ file, target: renamed(file) }));
  const there = files.filter(({ target }) => existsSync(join(to, target))).map(({ target }) => target);
  if (there.length > 0)
    throw new ProjectRefused(`${to} has ${there.join(", ")} already; take an empty folder, or move them away first`);
  const written: string[] = [];
  try {
    for (const { file, target } of files) {
      const path = join(to, target);
      await mkdir(dirname(path), { recursive: true });
      written.push(path);
      if (file === "package.json")
        await writeFile(path, await packageJson(join(from, file), nameOf(to), version), { flag: "wx" });
      else await copyFile(join(from, file), path, constants.COPYFILE_EXCL);
    }
  } catch (error) {
    // Half a project would stand in the way of the next try; what somebody else has put there meanwhile stays.
    if (isTaken(error)) written.pop();
    for (const path of written) await rm(path, { force: true }).catch(() => {});
    throw new ProjectRefused(
      `${to} cannot be written to: ${error instanceof Error ? error.message : String(error)}; take another folder, or see to that`,
    );
  }
  return { directory: to, template: found, files: files.map(({ target }) => target) };
};

const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  error.code === "EEXIST" &&
  "syscall" in error &&
  error.syscall !== "mkdir";

const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

const renamed = (file: string): string => join(dirname(file), RENAMED[basename(file)] ?? basename(file));

/** As npm takes it. */
const nameOf = (directory: string): string =>
  basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "") || "my-agents";

const packageJson = async (path: string, name: string, version: string): Promise<string> => {
  const { dependencies, ...rest } = JSON.parse(await readFile(path, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return `${JSON.stringify({ name, ...rest, dependencies: { ...dependencies, agentcore: `^${version}` } }, null, 2)}\n`;
};

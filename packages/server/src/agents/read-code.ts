/** What of an agent's folder is its code: the files that a revision is made of, and their hash. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { ANYWHERE, type CodeRoots, realCodePath, rootOf } from "./code-roots.ts";

export interface CodeSnapshot {
  /** SHA-256 over paths and contents. */
  readonly hash: string;
  /** Folder that the snapshot is of. */
  readonly root: string;
  /** Module in it, relative to the root. */
  readonly entry: string;
}

/** Files by their names that code is made of; of others a revision has none. */
export const SOURCE = /\.([cm]?[tj]s|json)$/;
const MAX_FILES = 2_000;
const MAX_BYTES = 20 * 1024 * 1024;

/** Reads the code around a module: the nearest folder with a package.json, else the module's own. Throws INVALID_ARGUMENT. */
export const readCode = async (
  path: string,
  roots: CodeRoots = ANYWHERE,
): Promise<{ readonly snapshot: CodeSnapshot; readonly files: ReadonlyMap<string, Buffer> }> => {
  // Node imports real paths: the snapshot has to know the files by these.
  const entryPath = await realCodePath(roots, path);
  const info = await stat(entryPath).catch(() => null);
  if (info === null || !info.isFile()) {
    throw new PlatformError("INVALID_ARGUMENT", `spec.code.path: ${path} is not a file`, {
      violations: [{ field: "spec.code.path", description: "expected the path of a module" }],
    });
  }
  const root = packageRoot(dirname(entryPath), rootOf(roots, entryPath));
  // Without a package.json nobody says what belongs to the agent: the modules beside it do, a whole home folder does not.
  const isPackage = existsSync(join(root, "package.json"));
  const files = new Map<string, Buffer>();
  let bytes = 0;
  const visit = async (folder: string): Promise<void> => {
    const entries = (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(folder, entry.name);
      if (entry.isSymbolicLink() && entry.name !== "node_modules") await realCodePath(roots, full);
      if (
        isPackage &&
        entry.isDirectory() &&
        !entry.name.startsWith(".") &&
        entry.name !== "node_modules" &&
        entry.name !== "dist"
      )
        await visit(full);
      else if (
        entry.isFile() &&
        SOURCE.test(entry.name) &&
        (isPackage || !entry.name.endsWith(".json")) &&
        !/\.test\.[cm]?[tj]s$/.test(entry.name)
      ) {
        const content = await unlessGone(readFile(full));
        if (content === null) continue;
        bytes += content.length;
        files.set(relative(root, full).split(sep).join("/"), content);
        if (files.size > MAX_FILES || bytes > MAX_BYTES) {
          throw new PlatformError(
            "TOO_LARGE",
            `the code below ${root} is more than ${MAX_FILES} files or ${MAX_BYTES} bytes; give the agent a package of its own`,
          );
        }
      }
    }
  };
  await visit(root);
  const entry = relative(root, entryPath).split(sep).join("/");
  if (!files.has(entry)) {
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `spec.code.path: ${path} is not a source module that can be kept with its revision`,
      {
        violations: [
          {
            field: "spec.code.path",
            description:
              "expected a .ts, .mts, .cts, .js, .mjs or .cjs file outside dist, node_modules and dot folders",
          },
        ],
      },
    );
  }
  return { snapshot: { hash: hashOfCode(files), root, entry }, files };
};

/** Of the files by their names, with slashes, in whatever order they are given. */
export const hashOfCode = (files: ReadonlyMap<string, Uint8Array>): string => {
  const hash = createHash("sha256");
  for (const [name, content] of [...files].toSorted(([left], [right]) => compareNames(left, right)))
    hash.update(name).update("\0").update(createHash("sha256").update(content).digest());
  return hash.digest("hex");
};

/** As folders are walked: what lies in one comes together. */
const compareNames = (left: string, right: string): number => {
  const [ours, theirs] = [left.split("/"), right.split("/")];
  const differs = ours.findIndex((part, index) => part !== theirs[index]);
  return (ours[differs] ?? "") < (theirs[differs] ?? "") ? -1 : 1;
};

/** The nearest folder with a package.json, at or below `top`; without one the folder itself. */
const packageRoot = (folder: string, top: string | null): string => {
  for (let current = folder; ; current = dirname(current)) {
    if (existsSync(join(current, "package.json"))) return current;
    if (current === top || dirname(current) === current) return folder;
  }
};

/** What goes while it is read is no code: the data folder of another node may lie in the package. */
const unlessGone = async <T>(reading: Promise<T>): Promise<T | null> => {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
};

/**
 * The source of an agent at one revision, kept in the data folder: a task that began with this code goes on with it,
 * however the files change and however often the node restarts (runs are pinned to their revision).
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
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

const SOURCE = /\.(ts|mts|js|mjs|cjs|json)$/;
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
    const entries = await readdir(folder, { withFileTypes: true });
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
        !/\.test\.m?[tj]s$/.test(entry.name)
      ) {
        const content = await readFile(full);
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
            description: "expected a .ts, .mts, .js, .mjs or .cjs file outside dist, node_modules and dot folders",
          },
        ],
      },
    );
  }
  const hash = createHash("sha256");
  for (const [name, content] of files)
    hash.update(name).update("\0").update(createHash("sha256").update(content).digest());
  return { snapshot: { hash: hash.digest("hex"), root, entry }, files };
};

/** The nearest folder with a package.json, at or below `top`; without one the folder itself. */
const packageRoot = (folder: string, top: string | null): string => {
  for (let current = folder; ; current = dirname(current)) {
    if (existsSync(join(current, "package.json"))) return current;
    if (current === top || dirname(current) === current) return folder;
  }
};

/** Writes a snapshot once; the rename makes it whole or absent. */
export const storeSnapshot = async (
  directory: string,
  snapshot: CodeSnapshot,
  files: ReadonlyMap<string, Buffer>,
): Promise<void> => {
  const target = join(directory, snapshot.hash);
  if (existsSync(target)) return;
  // Agents of one package are applied at once, each writing the same snapshot.
  const temporary = `${target}.${randomUUID()}.tmp`;
  for (const [name, content] of files) {
    const file = join(temporary, name);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600 });
  }
  await rename(temporary, target).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  });
};

export const hasSnapshot = (directory: string, hash: string): boolean => existsSync(join(directory, hash));

export const readSnapshotFile = (directory: string, hash: string, name: string): Buffer | null => {
  const base = join(directory, hash);
  const file = resolve(base, name);
  if (!file.startsWith(base + sep)) return null;
  return existsSync(file) ? readFileSync(file) : null;
};

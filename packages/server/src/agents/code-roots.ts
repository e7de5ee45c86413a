/** The folders that agents' code may come from. Whoever may apply a manifest names a path, and the node runs what is there. */
import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { PlatformError } from "@agentcore/contract";

export interface CodeRoots {
  /** Real paths; null allows any. */
  readonly folders: readonly string[] | null;
}

export const ANYWHERE: CodeRoots = { folders: null };

/** Throws CONFIG_INVALID for what is no folder. */
export const openCodeRoots = async (paths: readonly string[] | undefined): Promise<CodeRoots> => {
  if (paths === undefined || paths.length === 0) return ANYWHERE;
  const folders = await Promise.all(
    paths.map((path) =>
      // The dot fails for what is not a folder.
      realpath(`${resolve(path)}${sep}.`).catch((cause: unknown) => {
        throw new PlatformError("CONFIG_INVALID", `the code root ${path} is not a folder that can be read`, { cause });
      }),
    ),
  );
  return { folders };
};

/** The root that holds the real path, or null. */
export const rootOf = ({ folders }: CodeRoots, realPath: string): string | null =>
  folders?.find((folder) => realPath === folder || realPath.startsWith(folder.endsWith(sep) ? folder : folder + sep)) ??
  null;

/**
 * The real path of a module, which is what gets imported. Throws INVALID_ARGUMENT when it is outside the roots, by a link or
 * otherwise; nothing is said then of whether there is something.
 */
export const realCodePath = async (roots: CodeRoots, path: string): Promise<string> => {
  const wanted = resolve(path);
  const real = await realpath(wanted).catch(() => null);
  if (roots.folders !== null && rootOf(roots, real ?? wanted) === null) {
    throw new PlatformError("INVALID_ARGUMENT", `spec.code.path: ${path} is outside the node's code roots`, {
      violations: [{ field: "spec.code.path", description: "expected a module below a folder given with --code-root" }],
    });
  }
  return real ?? wanted;
};

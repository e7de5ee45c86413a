/**
 * Imports a module graph as it was at a revision, whatever became of its files. Every ES module of the agent's package is
 * imported under `?agentcore-revision=<hash>`, so revisions live side by side in one process, and its text comes from the
 * snapshot. CommonJS modules are known to Node by their path alone: they are loaded from the snapshot's own folder. What lies
 * outside (node_modules, the platform) is shared as usual.
 */
import { existsSync, realpathSync } from "node:fs";
import { createRequire, isBuiltin, registerHooks } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PlatformError } from "@agentcore/contract";
import type { CodeSnapshot } from "./read-code.ts";
import { hasSnapshotFile, readSnapshotFile } from "./snapshot-files.ts";

const PARAMETER = "agentcore-revision";

// By the extension alone: what an agent is written in does not depend on the `type` of its package.json.
const FORMATS: Readonly<Record<string, string>> = {
  ".ts": "module-typescript",
  ".mts": "module-typescript",
  ".json": "json",
};
const COMMONJS = /\.c[tj]s$/;
const PATH_SPECIFIER = /^(\.{0,2}\/|file:)/;

/** A module of a revision: where it stood when it was applied. */
interface Place {
  readonly hash: string;
  readonly url: URL;
}

export interface RevisionLoader {
  /** The named export of the entry module. Throws INVALID_ARGUMENT when the module fails to load or lacks it. */
  load(snapshot: CodeSnapshot, exportName: string): Promise<unknown>;
  close(): void;
}

export const createRevisionLoader = (snapshotDirectory: string): RevisionLoader => {
  const roots = new Map<string, string>();
  const copies = existsSync(snapshotDirectory) ? realpathSync(snapshotDirectory) : snapshotDirectory;

  /** Of an address that this loader made; null for all others. */
  const placeOf = (address: string | undefined): Place | null => {
    if (address === undefined || !address.startsWith("file:")) return null;
    const url = new URL(address);
    const asked = url.searchParams.get(PARAMETER);
    if (asked !== null && roots.has(asked)) {
      url.searchParams.delete(PARAMETER);
      return { hash: asked, url };
    }
    const [hash = "", ...names] = relative(copies, fileURLToPath(url)).split(sep);
    const root = roots.get(hash);
    return root === undefined ? null : { hash, url: pathToFileURL(join(root, ...names)) };
  };

  /** The file's name in the snapshot; null when it is none of it. */
  const keptName = (hash: string, url: URL): string | null => {
    const name = nameWithin(roots.get(hash) ?? "", url.href);
    return name !== null && hasSnapshotFile(copies, hash, name) ? name : null;
  };

  const addressOf = (hash: string, name: string, required: boolean): string => {
    if (required || COMMONJS.test(name)) return pathToFileURL(join(copies, hash, name)).href;
    const url = pathToFileURL(join(roots.get(hash) ?? "", name));
    url.searchParams.set(PARAMETER, hash);
    return url.href;
  };

  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = placeOf(context.parentURL);
      const entry = placeOf(specifier);
      const hash = parent?.hash ?? entry?.hash;
      if (hash === undefined) return nextResolve(specifier, context);
      const required = context.conditions.includes("require");
      if (PATH_SPECIFIER.test(specifier)) {
        // Asked of the snapshot first: the file may be gone.
        const wanted = parent === null ? entry?.url : new URL(entry?.url ?? specifier, parent.url);
        const name = wanted === undefined ? null : keptName(hash, wanted);
        if (name !== null) return { url: addressOf(hash, name, required), shortCircuit: true };
      }
      if (required && parent !== null && !isBuiltin(specifier)) {
        // Of a `require` the next in line looks beside the copy, whatever it is told; dependencies lie where the package stood.
        const file = createRequire(parent.url).resolve(specifier);
        const name = keptName(hash, pathToFileURL(file));
        return { url: name === null ? pathToFileURL(file).href : addressOf(hash, name, required), shortCircuit: true };
      }
      const resolved = nextResolve(specifier, parent === null ? context : { ...context, parentURL: parent.url.href });
      if (!resolved.url.startsWith("file:")) return resolved;
      const name = keptName(hash, new URL(resolved.url));
      return name === null ? resolved : { ...resolved, url: addressOf(hash, name, required) };
    },
    load(url, context, nextLoad) {
      // What lies in the copy's own folder is loaded as any file.
      if (!url.includes(`?${PARAMETER}=`)) return nextLoad(url, context);
      const place = placeOf(url);
      const name = place === null ? null : keptName(place.hash, place.url);
      if (place === null || name === null) return nextLoad(url, context);
      const source = readSnapshotFile(copies, place.hash, name);
      const format = FORMATS[name.slice(name.lastIndexOf("."))] ?? "module";
      return { format, source, shortCircuit: true };
    },
  });
  return {
    async load(snapshot, exportName) {
      roots.set(snapshot.hash, snapshot.root);
      const url = pathToFileURL(`${snapshot.root}/${snapshot.entry}`);
      url.searchParams.set(PARAMETER, snapshot.hash);
      let module: Record<string, unknown>;
      try {
        module = (await import(url.href)) as Record<string, unknown>;
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new PlatformError("INVALID_ARGUMENT", `the module ${snapshot.entry} does not load: ${reason}`, {
          cause,
          violations: [{ field: "spec.code.path", description: reason }],
        });
      }
      if (!(exportName in module)) {
        throw new PlatformError(
          "INVALID_ARGUMENT",
          `the module ${snapshot.entry} has no export "${exportName}"; it exports ${Object.keys(module).join(", ") || "nothing"}`,
          {
            violations: [
              { field: "spec.code.export", description: `expected one of ${Object.keys(module).join(", ")}` },
            ],
          },
        );
      }
      return module[exportName];
    },
    close: () => hooks.deregister(),
  };
};

const nameWithin = (root: string, fileUrl: string): string | null => {
  const name = relative(root, fileURLToPath(fileUrl.split("?")[0] ?? fileUrl))
    .split(sep)
    .join("/");
  return name === "" || name.startsWith("../") || name.includes("node_modules/") ? null : name;
};

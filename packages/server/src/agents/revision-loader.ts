/**
 * Imports a module graph as it was at a revision. Every file of the agent's package is imported under
 * `?agentcore-revision=<hash>`, so revisions live side by side in one process, and its text comes from the snapshot;
 * what lies outside (node_modules, the platform) is shared as usual.
 */
import { registerHooks } from "node:module";
import { relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PlatformError } from "@agentcore/contract";
import { type CodeSnapshot, readSnapshotFile } from "./code-snapshot.ts";

const PARAMETER = "agentcore-revision";

export interface RevisionLoader {
  /** The named export of the entry module. Throws INVALID_ARGUMENT when the module fails to load or lacks it. */
  load(snapshot: CodeSnapshot, exportName: string): Promise<unknown>;
  close(): void;
}

export const createRevisionLoader = (snapshotDirectory: string): RevisionLoader => {
  const roots = new Map<string, string>();
  const revisionOf = (url: string | undefined): string | null => {
    if (url === undefined || !url.includes(PARAMETER)) return null;
    const hash = new URL(url).searchParams.get(PARAMETER);
    return hash !== null && roots.has(hash) ? hash : null;
  };
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const hash = revisionOf(context.parentURL);
      if (hash === null || !resolved.url.startsWith("file:")) return resolved;
      const name = nameWithin(roots.get(hash) ?? "", resolved.url);
      if (name === null) return resolved;
      const url = new URL(resolved.url);
      url.searchParams.set(PARAMETER, hash);
      return { ...resolved, url: url.href };
    },
    load(url, context, nextLoad) {
      const hash = revisionOf(url);
      if (hash === null) return nextLoad(url, context);
      const plain = new URL(url);
      plain.searchParams.delete(PARAMETER);
      const name = nameWithin(roots.get(hash) ?? "", plain.href);
      const source = name === null ? null : readSnapshotFile(snapshotDirectory, hash, name);
      if (source === null) return nextLoad(url, context);
      const format = plain.pathname.endsWith("ts")
        ? "module-typescript"
        : plain.pathname.endsWith(".json")
          ? "json"
          : plain.pathname.endsWith(".cjs")
            ? "commonjs"
            : "module";
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

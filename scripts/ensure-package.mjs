// Installs what a package outside the workspaces depends on, when it is needed for the first time. Plain JavaScript for any Node from 20 on.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment } from "./toolchain.mjs";

/**
 * Into `folder`, as its lockfile says, unless it is there; ends the process with code 1 if that fails. `purpose` says what for; `options` are
 * npm's.
 */
export function ensurePackage(folder, purpose, options = []) {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  // npm writes this last, so an interrupted install leaves none behind.
  const record = join(folder, "node_modules", ".package-lock.json");
  const installed = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")).packages : {};
  const missing = Object.keys(dependencies).filter(
    (name) => installed[`node_modules/${name}`]?.version !== dependencies[name],
  );
  if (missing.length === 0) return;
  console.error(`Installing ${purpose} (once): ${missing.join(", ")} ...`);
  const words = ["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", ...options];
  const install = spawnSync("npm", words, { cwd: folder, env: environment, encoding: "utf8" });
  if (install.status === 0) return;
  console.error(install.error?.message ?? (install.stdout + install.stderr).trim());
  console.error("Installing them failed. Check that npm reaches its package registry, then run it again.");
  process.exit(1);
}

// Installs what package-lock.json asks for, unless it is there already. Plain JavaScript for any Node from 20 on.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { node, root } from "./toolchain.mjs";

/** Installs the locked dependencies if some are missing; ends the process with code 1 if that fails. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.error("Installing dependencies (once, under a minute) ...");
  const ci = npm("ci");
  if (ci.status === 0) return;
  // npm ci insists on the packages of every platform, and a lockfile written against a mirror may lack the foreign ones.
  // npm install takes the same locked versions; --no-save leaves the lockfile as it is.
  const install = npm("install", "--no-save");
  if (install.status === 0) return;
  console.error(`${ci.output}\n${install.output}`.trim());
  console.error("Installing the dependencies failed. Check that npm reaches its package registry, then run it again.");
  process.exit(1);
}

/** Compares contents, not times: a fresh checkout or a switched branch changes the times and nothing else. */
function isInstalled() {
  // npm writes this copy of the lockfile last, so an interrupted install leaves none behind.
  const installed = lockedPackages("node_modules/.package-lock.json");
  if (!installed || !existsSync(node)) return false;
  return Object.entries(lockedPackages("package-lock.json") ?? {}).every(([path, wanted]) => {
    // The root itself is not installed, and an optional package may be meant for another platform.
    if (path === "" || wanted.optional) return true;
    const found = installed[path];
    return found?.version === wanted.version && found?.integrity === wanted.integrity;
  });
}

function lockedPackages(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : undefined;
}

function npm(...command) {
  // The machine's Node may be older than the one being installed, so npm's engine warnings would only be noise.
  const options = ["--loglevel=error", "--no-audit", "--no-fund"];
  const result = spawnSync("npm", [...command, ...options], { cwd: root, encoding: "utf8" });
  return { status: result.status, output: result.error?.message ?? (result.stdout + result.stderr).trim() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();

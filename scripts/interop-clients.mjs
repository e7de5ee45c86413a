// The A2A clients of others that the e2e tests drive: npm packages in test/interop, which nothing else needs and which contradict the
// workspace's versions, and curl.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePackage } from "./ensure-package.mjs";
import { installSystemPackage } from "./services.mjs";
import { root } from "./toolchain.mjs";

export function ensureInteropClients() {
  // What they may do besides A2A is not wanted, nor what they would build.
  const options = ["--omit=optional", "--ignore-scripts"];
  ensurePackage(join(root, "test", "interop"), "the clients that A2A is tested with", options);
  // Where it cannot be had, its test says so.
  if (spawnSync("curl", ["--version"]).status !== 0) installSystemPackage("curl");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInteropClients();

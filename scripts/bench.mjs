// `npm run bench [NAME…] [--json FILE]`: AgentCore measured against its peers. The peers are installed into bench/ on
// first use only; nothing else needs them. Plain JavaScript for any Node from 20 on.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./ensure-installed.mjs";
import { environment, node, root, userFolder } from "./toolchain.mjs";

const bench = join(root, "bench");

ensureInstalled();
ensurePeers();

const program = [join(bench, "src", "main.ts"), ...process.argv.slice(2)];
const child = spawn(node, ["-C", "agentcore-source", ...program], {
  cwd: userFolder, // --json FILE counts from there
  env: environment,
  stdio: "inherit",
});
// A terminal sends Ctrl-C to the child itself; a second one from here would look like an impatient user.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  console.error(`Cannot start ${node}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

/** npm writes node_modules/.package-lock.json last, so an interrupted install leaves none behind. */
function ensurePeers() {
  const { dependencies } = JSON.parse(readFileSync(join(bench, "package.json"), "utf8"));
  const record = join(bench, "node_modules", ".package-lock.json");
  const installed = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")).packages : {};
  const missing = Object.keys(dependencies).filter(
    (name) => installed[`node_modules/${name}`]?.version !== dependencies[name],
  );
  if (missing.length === 0) return;
  console.error(`Installing what AgentCore is measured against (once): ${missing.join(", ")} ...`);
  const options = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  const install = spawnSync("npm", ["install", ...options], { cwd: bench, env: environment, encoding: "utf8" });
  if (install.status === 0) return;
  console.error(install.error?.message ?? (install.stdout + install.stderr).trim());
  console.error("Installing the peers failed. Check that npm reaches its package registry, then run it again.");
  process.exit(1);
}

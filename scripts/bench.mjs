// `npm run bench [NAME…] [--json FILE]`: AgentCore measured against its peers. The peers are installed into bench/ on
// first use only; nothing else needs them. Plain JavaScript for any Node from 20 on.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./ensure-installed.mjs";
import { ensurePackage } from "./ensure-package.mjs";
import { startServices } from "./services.mjs";
import { environment, node, root, userFolder } from "./toolchain.mjs";

const bench = join(root, "bench");

ensureInstalled();
ensurePackage(bench, "what AgentCore is measured against");

const words = process.argv.slice(2);
const services = wantsPostgres()
  ? startServices({
      variable: "BENCH_POSTGRES_URL",
      // On the disk of the checkout: the system's own folder for such things may be memory, where a sync costs nothing.
      parent: join(bench, ".cache"),
      settings: { fsync: "on", synchronous_commit: "on", shared_buffers: "256MB" },
    })
  : { environment: {}, missing: [], stop() {} };
for (const problem of services.missing) console.error(problem);

const child = spawn(node, ["-C", "agentcore-source", join(bench, "src", "main.ts"), ...words], {
  cwd: userFolder, // --json FILE counts from there
  env: { ...environment, ...services.environment },
  stdio: "inherit",
});
// A terminal sends Ctrl-C to the child itself; a second one from here would look like an impatient user.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  console.error(`Cannot start ${node}: ${error.message}`);
  services.stop();
  process.exit(1);
});
child.on("exit", (code, signal) => {
  services.stop();
  process.exit(code ?? 128 + constants.signals[signal]);
});

/** Names are what main.ts understands: none means all. */
function wantsPostgres() {
  if (words.includes("--list")) return false;
  const named = readdirSync(join(bench, "src", "benchmarks")).map((file) => file.replace(/\.ts$/, ""));
  const asked = words.filter((word) => named.includes(word));
  return asked.length === 0 || asked.some((name) => /^(postgres|workflow)-/.test(name));
}

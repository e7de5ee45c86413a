// `npm start`: one node with the examples applied and the loan triage at work, straight from a fresh clone.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { ensureInstalled } from "./ensure-installed.mjs";
import { environment, node, root } from "./toolchain.mjs";

ensureInstalled();

// Runs the packages from their TypeScript sources: nothing has to be built first.
const command = ["-C", "agentcore-source", "packages/cli/bin/agentcore.mjs"];
const firstRun = ["up", "--apply", "examples", "--run", "loan-triage"];
const child = spawn(node, [...command, ...firstRun, ...process.argv.slice(2)], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});

// A terminal sends Ctrl-C to the child itself; a second one from here would look like an impatient user.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
process.on("SIGTERM", () => child.kill("SIGTERM"));

// The shell between npm and this script dies of a SIGTERM without handing it on: whoever ends npm means the node as well.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  child.kill("SIGTERM");
}, 250);

child.on("error", (error) => {
  console.error(`Cannot start ${node}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

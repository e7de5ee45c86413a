// Starts the `agentcore` command from the TypeScript sources, for `npm start` and `npm run dev`: nothing has to be built first.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./ensure-installed.mjs";
import { environment, node, root, userFolder } from "./toolchain.mjs";

/** Ends this process with the command's exit code. Paths among `words` count from where the user stands. */
export function runNode(words) {
  ensureInstalled();
  const command = ["-C", "agentcore-source", join(root, "packages", "cli", "bin", "agentcore.mjs")];
  const child = spawn(node, [...command, ...words], {
    cwd: userFolder,
    // Tasks stay with the clone: from whatever folder it is started, it goes on with the same ones.
    env: { ...environment, AGENTCORE_DATA: process.env.AGENTCORE_DATA || join(root, ".agentcore") },
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
}

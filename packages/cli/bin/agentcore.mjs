#!/usr/bin/env node
// Finds a Node that can run AgentCore, then starts it. Plain JavaScript in old syntax, importing nothing but built-ins,
// so that an old Node gets as far as the sentence that says so.
import { spawn } from "child_process";
import { existsSync, readFileSync } from "fs";
import * as nodeModule from "module";
import { constants } from "os";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const REQUIRED_MAJOR = 24;
const SOURCE_CONDITION = "agentcore-source";
// Set for the process that takes over, and removed by it: one hand-over is enough, a second would be a loop.
const HANDED_OVER = "AGENTCORE_HANDED_OVER";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src", "main.ts");
const built = join(here, "..", "dist", "main.js");
// The published package has no src: where there is one this is a checkout, whose dist may be older than its sources.
const isCheckout = existsSync(source);

const major = (version) => Number(version.split(".")[0]);

/** The Node of the npm package `node`, in the nearest node_modules at or above this file that has a new enough one. */
function findInstalledNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const manifest = join(folder, "node_modules", "node", "package.json");
    const binary = join(folder, "node_modules", ".bin", process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(manifest) && existsSync(binary)) {
      if (major(JSON.parse(readFileSync(manifest, "utf8")).version) >= REQUIRED_MAJOR) return binary;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function handOver(node, nodeOptions) {
  const args = [...nodeOptions, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const environment = Object.assign({}, process.env, { [HANDED_OVER]: "1" });
  const child = spawn(node, args, { stdio: "inherit", env: environment });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the child itself; a second one from here would look like an impatient user.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(signal, forward);
  child.on("error", (error) => {
    console.error(`agentcore: cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code));
}

/** Hands over to a Node that can, or returns the module to load in this one. */
function prepare() {
  const wasHandedOver = process.env[HANDED_OVER] === "1";
  delete process.env[HANDED_OVER];

  if (major(process.versions.node) < REQUIRED_MAJOR) {
    const node = wasHandedOver ? undefined : findInstalledNode();
    if (node !== undefined) {
      handOver(node, isCheckout ? ["-C", SOURCE_CONDITION] : []);
      return undefined;
    }
    console.error(
      `agentcore needs Node ${REQUIRED_MAJOR} or newer, this is ${process.version}: install it from https://nodejs.org or with \`npm install node@${REQUIRED_MAJOR}\`.`,
    );
    process.exit(2);
  }

  // Only the command line can name a condition, so a checkout needs a second start to find the packages' sources.
  const hasCondition = `${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS || ""}`.includes(SOURCE_CONDITION);
  if (isCheckout && !hasCondition && !wasHandedOver) {
    handOver(process.execPath, [...process.execArgv, "-C", SOURCE_CONDITION]);
    return undefined;
  }
  nodeModule.enableCompileCache();
  return pathToFileURL(isCheckout ? source : built).href;
}

const main = prepare();
if (main !== undefined) {
  import(main).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

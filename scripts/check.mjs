// `npm run check`: everything that can be said about the code in under a minute. Arguments select stages.
import { spawnSync } from "node:child_process";
import { ensureInstalled } from "./ensure-installed.mjs";
import { environment, node, root, tool } from "./toolchain.mjs";

const stages = {
  format: [tool("biome"), "ci", "--colors=off"],
  // The packages as they are published, then tests, examples and scripts against them.
  types: [tool("tsc"), "-b", "tsconfig.json", "tsconfig.tests.json"],
  // Promises and switches, and the boundaries: what may import what, and no clock, chance or Node in the core.
  lint: [tool("oxlint"), "--deny-warnings", "--format=default"],
  unused: [tool("knip"), "--no-progress"],
  unit: [node, "scripts/test.mjs", "unit"],
};

const selected = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(stages);
const unknown = selected.filter((stage) => !(stage in stages));
if (unknown.length > 0) {
  console.error(`No such stage: ${unknown.join(", ")}. There are: ${Object.keys(stages).join(", ")}.`);
  process.exit(2);
}

ensureInstalled();

const failed = selected.filter((stage) => !passes(stage));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}

function passes(stage) {
  const [command, ...options] = stages[stage];
  const startedAt = performance.now();
  const result = spawnSync(command, options, { cwd: root, env: environment, encoding: "utf8", maxBuffer: 64 << 20 });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const passed = result.status === 0;
  console.log(`${stage.padEnd(8)}${passed ? "ok    " : "FAILED"}  ${seconds} s`);
  if (!passed) console.log(result.error?.message ?? result.stdout + result.stderr);
  return passed;
}

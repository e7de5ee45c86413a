/** What a newcomer begins with works as it is: each template is made, tested, checked, served and asked. */
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressOf, type RunningProgram, root, runAgentcore, runProgram, startAgentcore } from "./programs.ts";

let folder: string;
let node: RunningProgram | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-begin-"));
  // Stands for `npm install`.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(async () => {
  await node?.kill("SIGTERM");
  node = undefined;
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ["yaml", "opening-hours", "Closed on sunday"],
  ["typescript", "greeter", ", Ada!"],
  ["model", "order-desk", "Order 7 is on its way."],
  ["team", "help-desk", "Your invoice is looked at again"],
])("the template %s answers without a key", async (template, agent, answer) => {
  const project = join(folder, "my-agents");
  expect((await runAgentcore(["init", "my-agents", "-t", template], { cwd: folder })).code).toBe(0);
  if (template !== "yaml") {
    const tested = await runProgram(process.execPath, ["-C", "agentcore-source", "--test"], { cwd: project });
    expect(tested.stdout).toMatch(/ fail 0\n/);
    expect(tested.stdout).toMatch(/ tests [1-9]/);
    const tsc = join(root, "node_modules/.bin/tsc");
    const checked = await runProgram(tsc, ["--noEmit", "--customConditions", "agentcore-source"], { cwd: project });
    // The platform's own sources, which stand here for its types, are held to other rules.
    expect(checked.stdout.split("\n").filter((line) => line.startsWith("src/"))).toEqual([]);
  }
  node = startAgentcore(["dev", ".", "--port", "0"], { cwd: project });
  const url = await addressOf(node);
  const ran = await runAgentcore(["run", agent, "--url", url], { cwd: project });
  expect(ran.stdout).toContain(answer);
});

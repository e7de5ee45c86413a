/** `npm start` and `npm run dev` from a folder that is not the clone. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunningProgram, root, runAgentcore } from "./programs.ts";

let folder: string;
let node: RunningProgram | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-npm-"));
});
afterEach(async () => {
  await node?.kill("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

test("paths given to npm start count from where the user stands, and ending npm ends the node", async () => {
  await writeFile(join(folder, "question.txt"), "revenue in 2024");
  const words = ["--port", "0", "--data", "here", "--run", "sales-analyst", "--input", "@question.txt"];
  node = new RunningProgram("npm", ["--prefix", root, "start", "--", ...words], { cwd: folder });
  await node.says(/Revenue in 2024: €/);
  expect(node.output).toContain("data in here");
  expect(existsSync(join(folder, "here/agentcore.db"))).toBe(true);
  expect(existsSync(join(root, "here"))).toBe(false);
  await node.kill("SIGTERM");
  expect(node.output).toContain("Stopping");
});

test("npm run dev applies the examples, and its paths count from where the user stands", async () => {
  node = new RunningProgram("npm", ["--prefix", root, "run", "dev", "--", "--port", "0", "--data", "here"], {
    cwd: folder,
  });
  const [, url = ""] = await node.says(/ready at (\S+) \(data in here;/);
  const agents = await runAgentcore(["get", "agents", "--url", url, "-o", "json"], { cwd: folder });
  expect(JSON.parse(agents.stdout)).toContainEqual(expect.objectContaining({ name: "loan-triage" }));
});

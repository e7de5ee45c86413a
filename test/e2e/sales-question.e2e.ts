/** A question in plain words, asked with the command. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, type RunningProgram, root, runAgentcore, startAgentcore } from "./programs.ts";

let work: string;
let node: RunningProgram;
let url: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "agentcore-sales-"));
  node = startAgentcore(["up", join(root, "examples/sales-analyst"), "--port", "0", "--data", "data"], { cwd: work });
  url = await addressOf(node);
});
afterAll(async () => {
  await node.kill("SIGTERM");
  await rm(work, { recursive: true, force: true });
});

const ask = async (...words: string[]) => {
  const { code, stdout } = await runAgentcore(["run", "sales-analyst", ...words, "--url", url, "-o", "json"], {
    cwd: work,
  });
  expect(code).toBe(0);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
};

test("a question is answered from the database, the same in other words from the cache, and one that is not understood refused", async () => {
  const first = await ask("--input", "What was the revenue by region in 2024?");
  const second = await ask("--input", "revenue per region for 2024");
  expect(first["fromCache"]).toBe(false);
  expect(second).toEqual({ ...first, fromCache: true });
  expect(first["sentence"]).toMatch(/^Revenue in 2024, by region: highest North \(€/);
  expect(await ask("--input", "Why do customers hate us?")).toMatchObject({ understood: false });
});

test("without a question it answers the one of its manifest", async () => {
  expect(await ask()).toMatchObject({ understood: true, intent: { limit: 5 } });
});

import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const found = {
  reasons: ["invoice-reader is the only candidate", "by words"],
  scores: [
    {
      ...{ agent: "invoice-reader", score: 0.5, similarity: 0.8, latencyMs: 100, costUsd: 0.02, quality: 0.75 },
      why: "says bills",
    },
  ],
  nearest: [],
};
const answering = (value: object) => ({ answers: { "GET /api/v1/agents": { agents: [], found: value } } });

test("who can do something is listed with scores and why, the reasons beside", async () => {
  const fake = await startFakeNode(answering(found));
  const need = ["get", "agents", "--need", "read bills", "--max-cost", "0.05", "--max-latency", "500"];
  const ran = await runInTest([...need, "--url", fake.url]);
  expect(ran.stdout).toMatch(/invoice-reader +0\.500 +0\.80 +100 ms +\$0\.02 +0\.75 +says bills/);
  expect(ran.stderr).toContain("by words");
  const asked = new URLSearchParams(fake.requests[0]?.query);
  expect(Object.fromEntries(asked)).toEqual({ need: "read bills", maxCostUsd: "0.05", maxLatencyMs: "500" });
  const json = await runInTest([...need, "--url", fake.url, "-o", "json"]);
  expect(JSON.parse(json.stdout)).toEqual(found);
});

test("nobody is an empty list that says who comes nearest", async () => {
  const nearest = [{ agent: "a", why: "says credit" }];
  const fake = await startFakeNode(answering({ reasons: ["nobody matches"], scores: [], nearest }));
  const ran = await runInTest(["get", "agents", "--need", "raise my credit", "--url", fake.url]);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("nearest: a (says credit)") });
});

test.each([
  [["get", "tasks", "--need", "x"]],
  [["get", "agents", "greeter", "--need", "x"]],
  [["get", "agents", "--max-cost", "1"]],
  [["get", "agents", "--need", "x", "--max-cost", "cheap"]],
  [["run", "need:read bills"]],
])("%j is a mistake in the command", async (line) => {
  const fake = await startFakeNode();
  expect(await runInTest([...line, "--url", fake.url])).toMatchObject({ code: 2 });
});

test("run hands a need over as the target, in its own spelling", async () => {
  const fake = await startFakeNode();
  const target = 'need:"read bills" maxCostUsd=0.05';
  await runInTest(["run", target, "--input", "{}", "--detach", "--url", fake.url]);
  expect(fake.requests.at(-1)).toMatchObject({ method: "POST", path: "/api/v1/tasks", body: { target } });
});

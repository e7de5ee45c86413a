import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const row = (model: string, costUsd: number | null, unpricedCalls: number) => ({
  ...{ model, calls: 4, estimatedCalls: 0, inputTokens: 10, cachedInputTokens: 0, outputTokens: 5 },
  ...{ costUsd, unpricedCalls, cacheHits: 0, savedUsd: costUsd },
});

test("a cost that nobody knows is no $0.00, and what is only a part of it has a plus", async () => {
  const usage = [row("free", 0, 0), row("unknown", null, 4), row("mixed", 1.25, 1)];
  const { url } = await startFakeNode({ answers: { "GET /api/v1/usage": { from: 0, to: 1, usage } } });
  const ran = await runInTest(["usage", "--url", url]);
  const cells = ran.stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/\s{2,}/));
  expect(cells.slice(1).map((line) => [line[0], line[6], line[8]])).toEqual([
    ["free", "$0.00", "$0.00"],
    ["unknown", "-", "-"],
    ["mixed", "$1.25+", "$1.25"],
  ]);
  const json = await runInTest(["usage", "-o", "json", "--url", url]);
  expect(JSON.parse(json.stdout).usage[1]).toMatchObject({ costUsd: null, unpricedCalls: 4, savedUsd: null });
});

import { expect, test } from "vitest";
import { runInTest } from "../../test/run-in-test.ts";

test("lists the standard agents without a node, and shows one with a manifest that the node would take", async () => {
  const all = await runInTest(["standard"]);
  expect(all.stdout).toMatch(/NAME +LATENCY +MODEL +DESCRIPTION\nintent-parser +instant \(1 to 10 ms\) +optional/);
  const one = await runInTest(["standard", "intent-parser"]);
  expect(one.stdout).toMatch(/Does not: +do what is wanted; ask back[^]*Manifest:\n {2}apiVersion: agentcore.dev\/v1/);
  const data = JSON.parse((await runInTest(["standard", "response-formatter", "-o", "json"])).stdout) as object;
  expect(data).toMatchObject({ latencyMs: { from: 1, to: 10 }, options: { properties: { template: {} } } });
  expect(await runInTest(["standard", "oracle"])).toMatchObject({ code: 1, stdout: "" });
});

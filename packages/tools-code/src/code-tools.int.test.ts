import { createSandbox } from "@agentcore/sandbox";
import { agent } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { afterAll, expect, test } from "vitest";
import { javascriptTool, programTool, pythonTool } from "./index.ts";

const sandbox = createSandbox();
afterAll(() => sandbox.close());

test("an agent with a model runs what the model wrote, reads why it failed, and goes on", async () => {
  const calls = [
    { name: "run_javascript", input: { code: "return inptu.length", input: [1, 2, 3] } },
    { name: "run_javascript", input: { code: "return input.length", input: [1, 2, 3] } },
    { name: "run_python", input: { code: "sum(input)", input: [1, 2, 39] } },
    { name: "run_program", input: { program: "wc", arguments: ["-l", "names"], files: { names: "a\nb\n" } } },
  ];
  const seen: string[] = [];
  const analyst = agent({
    name: "analyst",
    description: "Calculates",
    model: "scripted/model",
    tools: [javascriptTool(sandbox), pythonTool(sandbox), programTool(sandbox, { programs: ["wc"] })],
  });
  const test = await testAgent(analyst, {
    model: ({ messages }) => {
      const last = messages.at(-1);
      if (last?.role === "tool") seen.push(last.content);
      const call = calls[seen.length];
      return call === undefined ? "done" : { toolCalls: [{ id: `call-${seen.length}`, ...call }] };
    },
  });
  const run = await test.run("calculate");
  expect(run.output).toBe("done");
  expect(seen[0]).toContain("inptu is not defined");
  // Each stands between marks that say that it is data.
  const [, ...rest] = seen;
  expect(rest[0]).toContain('"value":3');
  expect(rest[1]).toContain('"value":42');
  expect(rest[2]).toContain('"exitCode":0,"stdout":"2 names\\n"');
});

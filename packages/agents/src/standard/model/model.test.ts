import { PlatformError } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { modelAgent } from "./model.ts";

test("is a model and nothing else: a prompt in, an answer out, with what it took", async () => {
  const asked: unknown[] = [];
  const world = await testAgent(modelAgent({ model: "m", instructions: "Be brief.", maxOutputTokens: 50 }), {
    model: (request) => {
      asked.push(request);
      return "Because of Rayleigh.";
    },
  });
  const run = await world.run("Why is the sky blue?");
  expect(run.output).toMatchObject({ text: "Because of Rayleigh.", failed: [] });
  expect(asked[0]).toMatchObject({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Why is the sky blue?" },
    ],
    maxOutputTokens: 50,
  });
  await world.run({ prompt: "And red?", instructions: "Be long." });
  expect(asked[1]).toMatchObject({ messages: [{ content: "Be long." }, { content: "And red?" }] });
  await world.close();
});

test("asks the next model when one cannot answer, and says so; not when another would be refused as well", async () => {
  const world = await testAgent(modelAgent({ model: "a", fallback: ["b"] }), {
    model: ({ model }) => {
      if (model === "a") throw new PlatformError("UPSTREAM_FAILED", "a is down", { retryable: false });
      return "b says so";
    },
  });
  expect((await world.run("?")).output).toMatchObject({
    text: "b says so",
    failed: [{ model: "a", code: "UPSTREAM_FAILED" }],
  });
  await world.close();
  const poor = await testAgent(modelAgent({ model: "a", fallback: ["b"] }), {
    model: () => {
      throw new PlatformError("BUDGET_EXCEEDED", "no money is left");
    },
  });
  expect((await poor.run("?")).error?.code).toBe("BUDGET_EXCEEDED");
  expect(poor.effects).toHaveLength(1);
  await poor.close();
});

test("gives a value where a schema says what it is", async () => {
  const schema = z.object({ city: z.string() });
  const world = await testAgent(modelAgent({ model: "m", schema }), { model: ['{"town":"Ulm"}', '{"city":"Ulm"}'] });
  expect((await world.run("Where?")).output).toMatchObject({ value: { city: "Ulm" }, text: '{"city":"Ulm"}' });
  await world.close();
});

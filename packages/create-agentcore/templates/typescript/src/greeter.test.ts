import assert from "node:assert/strict";
import { test } from "node:test";
import { testAgent } from "agentcore/testing";
import { greeter } from "./greeter.ts";

test("greets by name, also when the process dies on the way", async () => {
  const world = await testAgent(greeter, { crashAt: "look-at-the-clock" });
  const run = await world.run({ name: "Ada" });
  const { greeting } = run.output as { greeting: string };
  assert.match(greeting, /, Ada!$/);
  await world.close();
});

/** Agents with concurrency "context": the tasks of one context one at a time. */
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf } from "../../test/engine-world.ts";

test('with concurrency "context" the tasks of one context run one at a time, in order, also across a wait and a crash', async () => {
  const order: string[] = [];
  const chat = define(
    "chat",
    async ({ input }, ctx) => {
      await ctx.step("begin", () => void order.push(`begin ${String(input)}`));
      if (input === "one") await ctx.waitForInput("sure?");
      await ctx.step("end", () => void order.push(`end ${String(input)}`));
    },
    { concurrency: "context" },
  );
  const world = new EngineWorld([chat]);
  const one = await world.submit("chat", "one", { contextId: "c1" });
  const two = await world.submit("chat", "two", { contextId: "c1" });
  await world.submit("chat", "elsewhere", { contextId: "c2" });
  expect(order).toEqual(["begin one", "begin elsewhere", "end elsewhere"]);
  world.crash();
  await world.advance(500);
  expect(await world.state(two)).toBe("submitted");
  await world.say(one, "yes");
  await world.advance(500);
  expect(order.slice(3)).toEqual(["end one", "begin two", "end two"]);
});

test("a task does not wait for its own context when it comes back to its agent by way of another", async () => {
  const world = new EngineWorld([
    define("chat", async ({ input }, ctx) => (input === "sub" ? "answer" : ctx.command({ agent: "helper" }, "x")), {
      concurrency: "context",
    }),
    define("helper", (_, ctx) => ctx.command({ agent: "chat" }, "sub")),
  ]);
  const taskId = await world.submit("chat", "top");
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toBe("answer");
});

test("a task that stands behind another of its context can be canceled", async () => {
  const chat = define("chat", async (_, ctx) => ctx.waitForInput("?"), { concurrency: "context" });
  const world = new EngineWorld([chat]);
  const first = await world.submit("chat", 1, { contextId: "c" });
  const second = await world.submit("chat", 2, { contextId: "c" });
  await world.cancel(second);
  expect([await world.state(first), await world.state(second)]).toEqual(["input-required", "canceled"]);
});

/** Answers whose check takes its time: judged one after the other, as if it took none. */
import type { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf } from "../../test/engine-world.ts";

/** Takes "yes", after as long as the test likes. */
const lateSchema = (until: () => Promise<void>) => ({
  "~standard": {
    ...{ version: 1 as const, vendor: "test" },
    validate: (value: unknown) =>
      until().then(() => (value === "yes" ? { value } : { issues: [{ message: "yes or nothing" }] })),
  },
});

test("a message that comes while another is being checked does not ask an answered question again", async () => {
  const hold = gate();
  const asker = define("asker", async (_, ctx) => {
    const answer = await ctx.waitForInput({ prompt: "?", schema: lateSchema(() => hold.opened) });
    await ctx.sleep(2000);
    return answer;
  });
  const world = new EngineWorld([asker]);
  const taskId = await world.submit("asker");
  await world.say(taskId, "yes");
  await world.say(taskId, "no");
  hold.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("working");
  await world.advance(3000);
  expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: "yes" } });
  expect((await world.types(taskId)).filter((type) => type === "task.inputRequired")).toHaveLength(1);
});

for (const crashes of [false, true])
  test(`messages that came while one was checked are judged in their turn, ${crashes ? "also after a crash" : "each once"}`, async () => {
    let hold = gate();
    const asker = define("asker", (_, ctx) =>
      Promise.all(
        ["a", "b"].map((key) => ctx.waitForInput({ prompt: key, key, schema: lateSchema(() => hold.opened) })),
      ),
    );
    const world = new EngineWorld([asker]);
    const taskId = await world.submit("asker");
    for (const [index, text] of ["no", "yes", "yes", "yes"].entries()) await world.say(taskId, text, `m${index}`);
    if (crashes) {
      world.crash();
      hold = gate();
      await world.advance(1000);
    }
    hold.open();
    await world.advance(1000);
    const answered = (await world.log(taskId)).flatMap((event) =>
      event.type === "step.completed" ? [(event.data.result as { messageId: string }).messageId] : [],
    );
    expect(answered).toEqual(["m1", "m2"]);
    expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: ["yes", "yes"] } });
  });

test("a question that is open when a parked task goes on is asked again: the task shows that it waits for a person", async () => {
  const asker = define("asker", async (_, ctx) => {
    await ctx.step("first", () => 1);
    return Promise.all(["a", "b"].map((key) => ctx.waitForInput({ prompt: key, key })));
  });
  const world = new EngineWorld([asker]);
  const taskId = await world.submit("asker");
  world.change(define("asker", () => "something else"));
  world.crash();
  await world.say(taskId, "one");
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
  world.change(asker);
  await world.retry(taskId);
  expect(await world.state(taskId)).toBe("input-required");
  await world.say(taskId, "two");
  expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: ["one", "two"] } });
});

test("a task whose answer could not be kept works on with the error, and asks nobody", async () => {
  const schema = {
    "~standard": { ...{ version: 1 as const, vendor: "test" }, validate: () => ({ value: () => "no JSON" }) },
  };
  const world = new EngineWorld([
    define("asker", async (_, ctx) => {
      const code = await ctx.waitForInput({ prompt: "?", schema }).catch((error: PlatformError) => error.code);
      await ctx.sleep(60_000);
      return code;
    }),
  ]);
  const taskId = await world.submit("asker");
  await world.say(taskId, "yes");
  expect(await world.state(taskId)).toBe("working");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe("RESULT_NOT_SERIALISABLE");
});

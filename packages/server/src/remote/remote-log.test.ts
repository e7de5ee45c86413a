import { describe, expect, it } from "vitest";
import { outputOf } from "../../../core/test/engine-world.ts";
import { openFarWorld } from "../../test/remote/scripted-agent.ts";

/** A task whose log is about to be half full: each answer takes nine events, forty of them fill it. */
const openLongTask = async () => {
  const { world, agent } = openFarWorld();
  const taskId = await world.submit("far", "Ann");
  for (let index = 0; index < 70 * 64; index++) agent.status("TASK_STATE_WORKING", `${index}`);
  await world.advance(1_000);
  return { world, agent, taskId };
};
const TURNS = 40;

describe("the log of a task whose remote agent asks again and again", () => {
  it("for input is begun afresh in time", async () => {
    const { world, agent, taskId } = await openLongTask();
    for (let index = 0; index < TURNS; index++) {
      agent.status("TASK_STATE_WORKING");
      agent.status("TASK_STATE_INPUT_REQUIRED", `question ${index}`);
      await world.advance(1_000);
      await world.say(taskId, `answer ${index}`);
    }
    expect(await world.types(taskId)).toContain("checkpoint.created");
    agent.artifact("done");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("done");
    const answers = agent.calls.flatMap(({ message }) => message?.parts.map(({ text }) => text) ?? []);
    expect(answers).toEqual(["Ann", ...Array.from({ length: TURNS }, (_, index) => `answer ${index}`)]);
  });

  it("for access is too, however that is given", async () => {
    const { world, agent, taskId } = await openLongTask();
    for (let index = 0; index < TURNS; index++) {
      agent.status("TASK_STATE_WORKING");
      agent.status("TASK_STATE_AUTH_REQUIRED", `question ${index}`);
      await world.advance(1_000);
      const asked = (await world.log(taskId)).findLast((event) => event.type === "task.authRequired");
      await world.authorize(taskId, { reference: asked?.data.authorization?.reference });
    }
    expect(await world.types(taskId)).toContain("checkpoint.created");
    agent.artifact("done");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("done");
  });
});

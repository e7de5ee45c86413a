import { describe, expect, it } from "vitest";
import { outputOf } from "../../../core/test/engine-world.ts";
import { serve } from "../../test/remote/agent-to-call.ts";
import { SCOPE, startNearNode } from "../../test/remote/near-node.ts";
import { openFarWorld } from "../../test/remote/scripted-agent.ts";

describe("a remote agent that asks for access", () => {
  it("has ours ask too, with all it said, and is told without the secret when it is granted", async () => {
    const server = await serve((play) => {
      const authorization = { name: "github", scopes: ["repo"], url: "https://github.test/consent" };
      if (play.turn === 0) return play.end("AUTH_REQUIRED", "May I read it?", { authorization });
      play.artifact("out", play.said);
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    const asked = (await node.events(taskId, ({ type }) => type === "task.authRequired")).at(-1);
    expect(asked).toMatchObject({
      data: {
        authorization: { name: "github", scopes: ["repo"], url: "https://github.test/consent" },
        prompt: [
          { text: "May I read it?\nAccess asked for: github (repo)\nGive consent at https://github.test/consent" },
          expect.anything(),
        ],
      },
    });
    await node.parts.tasks.authorize(SCOPE, taskId, { credential: { type: "bearer", value: "hush-hush-hush" } });
    expect(await node.output(taskId)).toBe("Access to github was granted.");
    expect(JSON.stringify(server.calls)).not.toContain("hush-hush-hush");
  });

  it("is canceled when that is refused here, and our task fails with the refusal", async () => {
    const server = await serve((play) => play.end("AUTH_REQUIRED", "May I read it?"));
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, ({ type }) => type === "task.authRequired");
    await node.parts.tasks.authorize(SCOPE, taskId, { deny: "not on Fridays" });
    expect((await node.events(taskId)).at(-1)).toMatchObject({
      data: { error: { code: "PERMISSION_DENIED", message: expect.stringContaining("not on Fridays") } },
    });
    expect(server.canceled).toHaveLength(1);
  });

  it("and got it elsewhere goes on by itself, and nobody has to answer here", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.artifact("one ");
    agent.status("TASK_STATE_AUTH_REQUIRED", "May I read it?");
    await world.advance(1_000);
    const asked = (await world.log(taskId)).find(({ type }) => type === "task.authRequired");
    expect(asked).toMatchObject({ data: { authorization: { name: "far" } } });
    agent.artifact("two");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(3_000);
    expect(outputOf(await world.last(taskId))).toBe("one two");
    const types = await world.types(taskId);
    expect(types.filter((type) => type === "task.authRequired")).toHaveLength(1);
    expect(types).toContain("task.resumed");
  });

  it("is told at once what is said meanwhile, however long it has waited", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.status("TASK_STATE_AUTH_REQUIRED", "May I read it?");
    await world.advance(2 * 3_600_000);
    const looks = agent.seen("get").length;
    await world.say(taskId, "hurry");
    await world.advance(1_000);
    expect(agent.seen("send").map(({ message }) => message?.parts)).toEqual([[{ text: "hurry" }]]);
    await world.advance(900_000);
    expect(agent.seen("get").length - looks).toBeLessThan(4);
    expect(await world.state(taskId)).toBe("auth-required");
  });
});

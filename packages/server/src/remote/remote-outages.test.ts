import { PlatformError } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { outputOf } from "../../../core/test/engine-world.ts";
import { textsOf } from "../../test/remote/agent-to-call.ts";
import { openFarWorld, type ScriptedAgent } from "../../test/remote/scripted-agent.ts";

const MINUTE = 60_000;

describe("a remote agent whose stream is silent", () => {
  it("for hours is asked for its task now and then, and nothing is lost of it", async () => {
    const { world, agent } = openFarWorld({ numbered: true });
    const taskId = await world.submit("far", "Ann");
    agent.artifact("one ");
    agent.unseen();
    await world.advance(180 * MINUTE);
    expect(await world.state(taskId)).toBe("working");
    const looks = agent.seen("get").length;
    expect(looks).toBeGreaterThan(30);
    expect(agent.seen("subscribe").map(({ after }) => after)).toEqual(Array.from({ length: looks }, () => 2));
    agent.artifact("two");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("one two");
    const events = await world.log(taskId);
    expect(textsOf(events)).toEqual(["one ", "two"]);
    expect(events.filter(({ type }) => type === "step.failed")).toEqual([]);
  });

  it("and that has ended meanwhile is taken as it is then, each part once", async () => {
    const { world, agent } = openFarWorld({ numbered: true });
    const taskId = await world.submit("far", "Ann");
    agent.artifact("one ");
    await world.advance(MINUTE);
    agent.mute = true;
    agent.artifact("two");
    agent.status("TASK_STATE_INPUT_REQUIRED", "Go on?");
    await world.advance(4 * MINUTE);
    expect(await world.state(taskId)).toBe("input-required");
    agent.mute = false;
    await world.say(taskId, "yes");
    agent.cut();
    agent.artifact(" three");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(MINUTE);
    expect(outputOf(await world.last(taskId))).toBe("one two three");
    expect(textsOf(await world.log(taskId)).slice(0, 3)).toEqual(["one ", "two", " three"]);
  });
});

it("what a look at a remote task that waits for access has brought does not come again with its stream", async () => {
  const { world, agent } = openFarWorld({ numbered: true });
  const taskId = await world.submit("far", "Ann");
  agent.status("TASK_STATE_AUTH_REQUIRED", "May I?");
  await world.advance(1_000);
  agent.artifact("one ");
  await world.advance(10_000);
  agent.status("TASK_STATE_WORKING");
  await world.advance(10_000);
  agent.artifact("two");
  agent.status("TASK_STATE_COMPLETED");
  await world.advance(1_000);
  expect(outputOf(await world.last(taskId))).toBe("one two");
  expect(textsOf(await world.log(taskId)).slice(0, 2)).toEqual(["one ", "two"]);
});

const tooLarge = () => new PlatformError("TOO_LARGE", "far.test sent an event of a stream that is over 4 MiB");

describe("a remote agent whose first event is too large for a stream", () => {
  it("after an answer is asked for its task instead", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.status("TASK_STATE_INPUT_REQUIRED", "Which Ann?");
    await world.advance(1_000);
    agent.cutFirst = tooLarge;
    await world.say(taskId, "the tall one");
    agent.artifact("large");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(5_000);
    expect(outputOf(await world.last(taskId))).toBe("large");
    expect(agent.seen("cancel")).toEqual([]);
    expect(agent.openStreams).toBe(0);
  });

  it("is sent the message once more when it knows messages that it has, and its task is followed", async () => {
    const { world, agent } = openFarWorld({ deduplicates: true });
    agent.cutFirst = tooLarge;
    const taskId = await world.submit("far", "Ann");
    agent.artifact("large");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(5_000);
    expect(outputOf(await world.last(taskId))).toBe("large");
    const [first, second] = [agent.seen("sendStream"), agent.seen("send")];
    expect([first.length, second.length]).toEqual([1, 1]);
    expect(second[0]?.message?.messageId).toBe(first[0]?.message?.messageId);
  });

  it("is sent nothing twice otherwise, and the task fails with what was expected", async () => {
    const { world, agent } = openFarWorld();
    agent.cutFirst = tooLarge;
    const taskId = await world.submit("far", "Ann");
    await world.advance(5_000);
    expect(await world.last(taskId)).toMatchObject({
      data: { error: { code: "TOO_LARGE", message: expect.stringMatching(/over 4 MiB.*expected its task first/) } },
    });
    expect(agent.calls).toHaveLength(1);
  });
});

it("a remote agent that stops numbering its events is asked for its task instead, and messages reach it", async () => {
  const { world, agent } = openFarWorld({ numbered: true });
  const taskId = await world.submit("far", "Ann");
  agent.artifact("one ");
  await world.advance(1_000);
  agent.forgetsNumbers = true;
  agent.artifact("two ");
  await world.say(taskId, "hurry");
  await world.advance(1_000);
  expect(agent.seen("send").map(({ message }) => message?.parts)).toEqual([[{ text: "hurry" }]]);
  for (let index = 0; index < 100; index++) agent.artifact(`${index} `);
  await world.advance(1_000);
  expect(agent.openStreams).toBe(0);
  agent.status("TASK_STATE_COMPLETED");
  await world.advance(20_000);
  const texts = ["one ", "two ", ...Array.from({ length: 100 }, (_, index) => `${index} `)];
  expect(outputOf(await world.last(taskId))).toBe(texts.join(""));
});

describe("a remote agent that does not stop making artifacts", () => {
  const make = (agent: ScriptedAgent, count: number): void => {
    for (let index = 0; index < count; index++) agent.artifact("x", `artifact-${index}`);
  };

  it.each([true, false])("is canceled at a bound, and our task fails with it (streams: %s)", async (streaming) => {
    const { world, agent } = openFarWorld({ streaming });
    make(agent, 10_001);
    const taskId = await world.submit("far", "Ann");
    await world.advance(MINUTE);
    expect(await world.last(taskId)).toMatchObject({
      data: { error: { code: "TOO_LARGE", message: expect.stringMatching(/more than 10000 artifacts/) } },
    });
    expect(agent.seen("get")).toHaveLength(streaming ? 0 : 1);
    expect(agent.seen("cancel")).toHaveLength(1);
    expect(agent.openStreams).toBe(0);
  });
});

const away = () => new PlatformError("UPSTREAM_FAILED", "far.test cannot be reached", { retryable: true });

describe("a message to a remote task", () => {
  it("that cannot be delivered now waits without a stream, and is delivered when the agent is back", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.artifact("one ");
    await world.advance(1_000);
    agent.refuse = away;
    await world.say(taskId, "hurry");
    await world.advance(10 * MINUTE);
    expect(agent.openStreams).toBe(0);
    agent.refuse = () => undefined;
    await world.advance(2 * MINUTE);
    expect(agent.seen("send").at(-1)?.message?.parts).toEqual([{ text: "hurry" }]);
    agent.artifact("two");
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("one two");
    expect(new Set(agent.seen("send").map(({ message }) => message?.messageId)).size).toBe(1);
  });

  it("that answers its question waits for an agent that is away", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.status("TASK_STATE_INPUT_REQUIRED", "Which Ann?");
    await world.advance(1_000);
    agent.refuse = away;
    await world.say(taskId, "the tall one");
    await world.advance(10 * MINUTE);
    agent.refuse = () => undefined;
    await world.advance(2 * MINUTE);
    agent.status("TASK_STATE_COMPLETED", "Thanks");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("Thanks");
    const answers = agent.seen("sendStream").slice(1);
    expect(answers.at(-1)?.message?.parts).toEqual([{ text: "the tall one" }]);
    expect(new Set(answers.map(({ message }) => message?.messageId)).size).toBe(1);
  });

  it("that meets its question is no answer to it: it is sent after the answer", async () => {
    const { world, agent } = openFarWorld({ streaming: false });
    const taskId = await world.submit("far", "Ann");
    await world.advance(1);
    agent.status("TASK_STATE_INPUT_REQUIRED", "Which Ann?");
    await world.say(taskId, "hurry");
    await world.advance(MINUTE);
    expect(await world.state(taskId)).toBe("input-required");
    await world.say(taskId, "the tall one");
    await world.advance(1_000);
    const sent = agent.seen("send").map(({ message }) => message?.parts);
    expect(sent).toEqual([[{ text: "Ann" }], [{ text: "the tall one" }], [{ text: "hurry" }]]);
  });

  it("that the agent refuses is told of in the task's progress", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann");
    agent.refuse = ({ method }) =>
      method === "send" ? new PlatformError("UNSUPPORTED_OPERATION", "far.test: not now") : undefined;
    agent.artifact("one");
    await world.advance(1_000);
    await world.say(taskId, "hurry");
    await world.advance(1_000);
    expect(await world.log(taskId)).toContainEqual(
      expect.objectContaining({
        type: "task.progressed",
        data: expect.objectContaining({
          message: "agent far did not take a message (UNSUPPORTED_OPERATION): far.test: not now",
        }),
      }),
    );
    agent.status("TASK_STATE_COMPLETED");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("one");
    expect(agent.seen("send")).toHaveLength(1);
  });
});

describe("a remote agent that says for hours that it is busy", () => {
  const busy = () => new PlatformError("OVERLOADED", "far.test takes no more for now (429)", { retryable: true });

  it.each([true, false])(
    "is waited for, and its task and what is said to it go on then (streams: %s)",
    async (streaming) => {
      const { world, agent } = openFarWorld({ streaming });
      const taskId = await world.submit("far", "Ann");
      agent.artifact("one ");
      await world.advance(2_000);
      agent.refuse = busy;
      agent.cut();
      await world.say(taskId, "hurry");
      await world.advance(300 * MINUTE);
      expect(await world.state(taskId)).toBe("working");
      expect(agent.openStreams).toBe(0);
      agent.refuse = () => undefined;
      await world.advance(5 * MINUTE);
      expect(agent.seen("send").at(-1)?.message?.parts).toEqual([{ text: "hurry" }]);
      agent.artifact("two");
      agent.status("TASK_STATE_COMPLETED");
      await world.advance(MINUTE);
      expect(outputOf(await world.last(taskId))).toBe("one two");
    },
  );

  it("is waited for no longer than our deadline", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann", { deadline: world.clock.now() + 180 * MINUTE });
    await world.advance(1_000);
    agent.refuse = busy;
    agent.cut();
    await world.advance(181 * MINUTE);
    expect(await world.last(taskId)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
  });
});

it("a cancel that the agent does not hear at once holds no stream open", async () => {
  const { world, agent } = openFarWorld();
  const known = agent.hold();
  const taskId = await world.submit("far", "Ann");
  await world.cancel(taskId);
  agent.refuse = ({ method }) => (method === "cancel" ? away() : undefined);
  known.release();
  await world.advance(1_000);
  expect(agent.seen("cancel").length).toBeGreaterThan(1);
  expect(agent.openStreams).toBe(0);
  agent.refuse = () => undefined;
  await world.advance(MINUTE);
  expect((await world.last(taskId))?.type).toBe("task.canceled");
});

it("every message reaches a remote task whose log here is begun afresh meanwhile, once and in order", async () => {
  const { world, agent } = openFarWorld({ numbered: true });
  const taskId = await world.submit("far", "Ann");
  const wanted = Array.from({ length: 300 }, (_, index) => `message ${index}`);
  let said = 0;
  // Each is said while the one before is on its way.
  const sayNext = async (): Promise<void> => {
    const text = wanted[said++];
    if (text !== undefined) await world.say(taskId, text);
  };
  agent.onTheWay = sayNext;
  for (let index = 0; index < 5_200; index++) agent.status("TASK_STATE_WORKING", `${index}`);
  await sayNext();
  await world.advance(10 * MINUTE);
  agent.artifact("done");
  agent.status("TASK_STATE_COMPLETED");
  await world.advance(MINUTE);
  expect(outputOf(await world.last(taskId))).toBe("done");
  expect(await world.types(taskId)).toContain("checkpoint.created");
  expect(agent.seen("send").map(({ message }) => message?.parts[0]?.text)).toEqual(wanted);
});

describe("a cancel of a task whose process died while its message was on the way", () => {
  const cancelAfterCrash = async (deduplicates: boolean) => {
    const { world, agent } = openFarWorld({ deduplicates });
    agent.hold();
    const taskId = await world.submit("far", "Ann");
    await world.cancel(taskId);
    world.crash();
    await world.advance(MINUTE);
    expect((await world.last(taskId))?.type).toBe("task.canceled");
    return agent;
  };

  it("reaches the remote task of an agent that knows messages that it has", async () => {
    const agent = await cancelAfterCrash(true);
    expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream", "send", "cancel"]);
    expect(agent.calls[1]?.message).toEqual(agent.calls[0]?.message);
  });

  it("begins no second task at another agent", async () => {
    const agent = await cancelAfterCrash(false);
    expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream"]);
  });
});

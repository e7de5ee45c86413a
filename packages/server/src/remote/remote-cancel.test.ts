import { PlatformError } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { gate, isArtifact, serve } from "../../test/remote/agent-to-call.ts";
import { folder, SCOPE, startNearNode } from "../../test/remote/near-node.ts";
import { openFarWorld } from "../../test/remote/scripted-agent.ts";

describe("a remote agent", () => {
  it("is canceled with our task", async () => {
    const never = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      await never.opened;
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, isArtifact);
    await node.parts.tasks.cancel(SCOPE, taskId);
    expect((await node.events(taskId)).at(-1)?.type).toBe("task.canceled");
    expect(server.canceled).toHaveLength(1);
    never.release();
  });

  it("is canceled also when our task is before we know which task it is", async () => {
    const begun = gate();
    const answer = gate();
    const never = gate();
    const server = await serve(async (play) => {
      begun.release();
      await answer.opened;
      play.working();
      await never.opened;
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await begun.opened;
    await node.parts.tasks.cancel(SCOPE, taskId);
    await node.events(taskId, ({ type }) => type === "task.cancelRequested");
    answer.release();
    expect((await node.events(taskId)).at(-1)?.type).toBe("task.canceled");
    expect(server.canceled).toHaveLength(1);
    never.release();
  });

  it("is canceled after a restart, when our node died before it could", async () => {
    const never = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      await never.opened;
    });
    const dataDirectory = await folder();
    const first = await startNearNode({ dataDirectory });
    await first.apply(server.url);
    const taskId = await first.submit("Ann");
    await first.events(taskId, isArtifact);
    server.failWith(503);
    await first.parts.tasks.cancel(SCOPE, taskId);
    await first.events(taskId, ({ type }) => type === "step.failed");
    await first.close();
    server.failWith(null);
    const second = await startNearNode({ dataDirectory });
    expect((await second.events(taskId)).at(-1)?.type).toBe("task.canceled");
    expect(server.canceled).toHaveLength(1);
    never.release();
  });

  it("is canceled when our deadline passes", async () => {
    const { world, agent } = openFarWorld();
    const taskId = await world.submit("far", "Ann", { deadline: world.clock.now() + 3_000 });
    agent.artifact("one ");
    await world.advance(4_000);
    expect(await world.last(taskId)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
    expect(agent.seen("cancel")).toHaveLength(1);
    expect(agent.openStreams).toBe(0);
  });

  describe("whose message is on the way when our deadline passes", () => {
    const passDeadline = async (options: Parameters<typeof openFarWorld>[0]) => {
      const { world, agent } = openFarWorld(options);
      const answer = gate();
      agent.onTheWay = () => answer.opened;
      const held = agent.hold();
      const taskId = await world.submit("far", "Ann", { deadline: world.clock.now() + 10_000 });
      await world.advance(11_000);
      expect(await world.last(taskId)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
      answer.release();
      held.release();
      await world.advance(60_000);
      expect(agent.openStreams).toBe(0);
      return { agent, log: world.logger.records.map(({ message }) => message) };
    };

    it("is canceled when it knows messages that it has", async () => {
      const { agent } = await passDeadline({ deduplicates: true });
      expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream", "send", "cancel"]);
      expect(agent.calls[1]?.message).toEqual(agent.calls[0]?.message);
    });

    it("is canceled when it answers after all, where the answer is no stream", async () => {
      const { agent } = await passDeadline({ streaming: false });
      expect(agent.calls.map(({ method }) => method)).toEqual(["send", "cancel"]);
    });

    it("is sent nothing twice otherwise, and the log says that its task may go on", async () => {
      const { agent, log } = await passDeadline({});
      expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream"]);
      expect(log).toContainEqual(expect.stringMatching(/the deadline passed before .* said .* may go on/));
    });
  });

  describe("whose card is not there when our task ends", () => {
    it.each([{ streaming: true }, { streaming: false }, { deduplicates: true }])(
      "is sent nothing when it comes after our deadline: %o",
      async (options) => {
        const { world, agent } = openFarWorld(options);
        const card = gate();
        agent.connected = () => card.opened;
        const taskId = await world.submit("far", "Ann", { deadline: world.clock.now() + 3_000 });
        await world.advance(4_000);
        expect(await world.last(taskId)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
        card.release();
        await world.advance(120_000);
        expect([agent.calls, agent.openStreams]).toEqual([[], 0]);
        expect(world.logger.records.map(({ message }) => message)).not.toContainEqual(
          expect.stringMatching(/may go on/),
        );
      },
    );

    it("is sent nothing when it comes after a cancel", async () => {
      const { world, agent } = openFarWorld({ deduplicates: true });
      const card = gate();
      agent.connected = () => card.opened;
      const taskId = await world.submit("far", "Ann");
      await world.cancel(taskId);
      card.release();
      await world.advance(60_000);
      expect((await world.last(taskId))?.type).toBe("task.canceled");
      expect(agent.calls).toEqual([]);
    });

    it("is sent nothing when every attempt before our deadline had none", async () => {
      const { world, agent } = openFarWorld({ deduplicates: true });
      const deadline = world.clock.now() + 3_000;
      let refused = 0;
      agent.connected = async () => {
        if (world.clock.now() >= deadline) return;
        refused += 1;
        throw new PlatformError("UPSTREAM_FAILED", "the card is not there yet", { retryable: true });
      };
      const taskId = await world.submit("far", "Ann", { deadline });
      await world.advance(60_000);
      expect(refused).toBeGreaterThan(1);
      expect(await world.last(taskId)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
      expect(agent.calls).toEqual([]);
    });

    it("is left without the answer that waited for it, and without a stream", async () => {
      const { world, agent } = openFarWorld();
      const taskId = await world.submit("far", "Ann", { deadline: world.clock.now() + 10_000 });
      agent.status("TASK_STATE_INPUT_REQUIRED", "Which Ann?");
      await world.advance(1_000);
      const card = gate();
      agent.connected = () => card.opened;
      await world.say(taskId, "the tall one");
      await world.advance(10_000);
      card.release();
      await world.advance(60_000);
      expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream", "cancel"]);
      expect(agent.openStreams).toBe(0);
    });

    it("has no stream taken up", async () => {
      const { world, agent } = openFarWorld({ numbered: true });
      await world.submit("far", "Ann", { deadline: world.clock.now() + 10_000 });
      agent.artifact("one ");
      await world.advance(1_000);
      const card = gate();
      agent.connected = () => card.opened;
      agent.cut();
      await world.advance(10_000);
      card.release();
      await world.advance(60_000);
      expect(agent.calls.map(({ method }) => method)).toEqual(["sendStream", "cancel"]);
      expect(agent.openStreams).toBe(0);
    });
  });
});

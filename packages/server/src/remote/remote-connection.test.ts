import { describe, expect, it } from "vitest";
import { gate, isArtifact, serve, textsOf } from "../../test/remote/agent-to-call.ts";
import { folder, SCOPE, startNearNode } from "../../test/remote/near-node.ts";

describe("a remote agent", () => {
  it("is told what is said to our task while it works, once, also when our node dies meanwhile", async () => {
    const goOn = gate();
    const said: string[] = [];
    const server = await serve(async (play) => {
      if (play.turn > 0) {
        said.push(play.said);
        return play.working("noted");
      }
      play.artifact("out", "one ");
      await goOn.opened;
    });
    const dataDirectory = await folder();
    const first = await startNearNode({ dataDirectory });
    await first.apply(server.url);
    const taskId = await first.submit("Ann");
    await first.events(taskId, isArtifact);
    await first.parts.tasks.send(SCOPE, taskId, {
      messageId: "f1",
      role: "ROLE_USER",
      parts: [{ text: "the tall one" }],
    });
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(["the tall one"]);
    await first.close();
    const second = await startNearNode({ dataDirectory });
    await second.parts.tasks.send(SCOPE, taskId, {
      messageId: "f2",
      role: "ROLE_USER",
      parts: [{ text: "with a hat" }],
    });
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(["the tall one", "with a hat"]);
    const [sent] = server.calls.filter(({ method }) => method === "SendMessage");
    expect(sent?.params).toMatchObject({
      message: { taskId: expect.any(String) },
      configuration: { returnImmediately: true },
    });
    goOn.release();
  });

  it("loses its connection in the middle of a stream: nothing is missed, nothing comes twice", async () => {
    const cut = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      play.artifact("out", "two ", { append: true });
      await cut.opened;
      play.artifact("out", "three", { append: true });
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, isArtifact);
    server.cut();
    cut.release();
    expect(await node.output(taskId)).toBe("one two three");
    expect(textsOf(await node.events(taskId))).toEqual(["one ", "two ", "three"]);
    expect(server.calls.map(({ method }) => method).filter((method) => method.startsWith("Send"))).toHaveLength(1);
  });

  it("that numbers its events is asked for what comes after the last one, whatever happened meanwhile", async () => {
    const cut = gate();
    const server = await serve(
      async (play) => {
        play.artifact("out", "one ");
        await cut.opened;
        play.artifact("out", "two ", { append: true });
        play.artifact("out", "three", { append: true });
        play.end("COMPLETED");
      },
      { numbered: true },
    );
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, isArtifact);
    server.cut();
    cut.release();
    expect(await node.output(taskId)).toBe("one two three");
    expect(textsOf(await node.events(taskId))).toEqual(["one ", "two ", "three"]);
    expect(server.calls.map(({ method, headers }) => [method, headers["last-event-id"]])).toEqual([
      ["SendStreamingMessage", undefined],
      ["SubscribeToTask", "2"],
    ]);
    expect(server.calls[0]?.headers["a2a-extensions"]).toContain("resumable-streams");
  });

  it("that does more than a log holds goes on in a fresh one", async () => {
    const server = await serve((play) => {
      for (let index = 0; index < 5_200; index++) play.artifact(index % 2 === 0 ? "even" : "odd", `${index}`);
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    expect(await node.output(taskId)).toBe("5199");
    const events = await node.events(taskId);
    expect(events.filter(({ type }) => type === "checkpoint.created")).toHaveLength(1);
    const { artifacts } = await node.parts.tasks.view(SCOPE, taskId);
    expect(artifacts?.map(({ parts }) => parts[0]?.text)).toEqual(["5198", "5199", "5199"]);
  });

  it("goes on where it was when our node has died in the middle of a stream", async () => {
    const goOn = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      await goOn.opened;
      play.artifact("out", "two", { append: true });
      play.end("COMPLETED");
    });
    const dataDirectory = await folder();
    const first = await startNearNode({ dataDirectory });
    await first.apply(server.url);
    const taskId = await first.submit("Ann");
    await first.events(taskId, isArtifact);
    await first.close();
    const second = await startNearNode({ dataDirectory });
    goOn.release();
    expect(await second.output(taskId)).toBe("one two");
    expect(textsOf(await second.events(taskId))).toEqual(["one ", "two"]);
    expect(server.calls.filter(({ method }) => method === "SendStreamingMessage")).toHaveLength(1);
  });
});

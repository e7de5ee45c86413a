import { describe, expect, it } from "vitest";
import { gate, isArtifact, serve, textsOf } from "../../test/remote/agent-to-call.ts";
import { SCOPE, startNearNode } from "../../test/remote/near-node.ts";

describe("a remote agent", () => {
  it("does a task of ours: its artifacts, what it says and its result become ours", async () => {
    const server = await serve((play) => {
      play.working("on it");
      play.artifact("letter", "Dear ", { name: "letter.txt" });
      play.artifact("letter", play.said, { append: true, name: "letter.txt" });
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    expect(await node.output(taskId)).toBe("Dear Ann");
    const { artifacts, history } = await node.parts.tasks.view(SCOPE, taskId);
    expect(artifacts?.[0]).toMatchObject({
      artifactId: "letter",
      name: "letter.txt",
      parts: [{ text: "Dear " }, { text: "Ann" }],
    });
    expect(
      (await node.events(taskId)).some((event) => event.type === "task.progressed" && event.data.message === "on it"),
    ).toBe(true);
    expect(server.calls.map(({ method }) => method)).toEqual(["SendStreamingMessage"]);
    expect(history).toBeDefined();
  });

  it.each(["1.0", "0.3"] as const)("of version %s without streams is asked now and then", async (version) => {
    const server = await serve(
      async (play) => {
        play.working();
        play.artifact("out", play.said);
        play.end("COMPLETED");
      },
      { version, streaming: false },
    );
    const node = await startNearNode();
    await node.apply(server.url);
    expect(await node.output(await node.submit("Ann"))).toBe("Ann");
  });

  it("whose result is larger than an event of a stream may be is asked for it", async () => {
    const large = "x".repeat(5 * 1024 * 1024);
    const server = await serve((play) => {
      play.artifact("out", large);
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    const last = (await node.events(taskId)).at(-1);
    expect(last?.type).toBe("task.completed");
    const { artifacts } = await node.parts.tasks.view(SCOPE, taskId);
    expect(artifacts?.[0]?.parts[0]?.text?.length).toBe(large.length);
    expect(server.calls.map(({ method }) => method)).toEqual(["SendStreamingMessage", "GetTask"]);
  });

  it("answers with a message alone, and that is the result", async () => {
    const server = await serve((play) => play.message(`no task for ${play.said}`));
    const node = await startNearNode();
    await node.apply(server.url);
    expect(await node.output(await node.submit("Ann"))).toBe("no task for Ann");
  });

  it("asks for input: our task waits, and the answer goes to the remote task", async () => {
    const server = await serve((play) => {
      if (play.turn === 0) return play.end("INPUT_REQUIRED", "Which Ann?");
      play.artifact("out", `${play.said} it is`);
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    const asked = (await node.events(taskId, ({ type }) => type === "task.inputRequired")).at(-1);
    expect(asked).toMatchObject({ data: { prompt: [{ text: "Which Ann?" }] } });
    await node.parts.tasks.send(SCOPE, taskId, {
      messageId: "a1",
      role: "ROLE_USER",
      parts: [{ text: "the tall one" }, { raw: "aGk=", mediaType: "text/plain" }],
    });
    expect(await node.output(taskId)).toBe("the tall one it is");
    const answer = server.calls.at(-1)?.params["message"] as { taskId: string; parts: unknown[] };
    expect(answer.parts).toHaveLength(2);
    expect(server.calls).toHaveLength(2);
  });

  it("of version 0.3 is asked again and again once its stream was cut, and streams again after an answer", async () => {
    const cut = gate();
    const server = await serve(
      async (play) => {
        play.artifact("out", play.turn === 0 ? "one " : "two", { append: play.turn > 0 });
        await cut.opened;
        play.end(play.turn === 0 ? "INPUT_REQUIRED" : "COMPLETED", "Go on?");
      },
      { version: "0.3" },
    );
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, isArtifact);
    server.cut();
    cut.release();
    await node.events(taskId, ({ type }) => type === "task.inputRequired");
    await node.parts.tasks.send(SCOPE, taskId, { messageId: "a1", role: "ROLE_USER", parts: [{ text: "yes" }] });
    expect(await node.output(taskId)).toBe("one two");
    expect(textsOf(await node.events(taskId))).toEqual(["one ", "two"]);
    const methods = server.calls.map(({ method }) => method);
    expect([methods.at(0), methods.at(-1)]).toEqual(["message/stream", "message/stream"]);
    expect(methods).toContain("tasks/get");
  });

  it.each([
    ["FAILED", "AGENT_FAILED", /the agent failed: no Ann here/],
    ["CANCELED", "CANCELED", /canceled its task .*: no Ann here/],
  ] as const)("that ends as %s fails our task with %s and its words", async (state, code, message) => {
    const server = await serve((play) => play.end(state, "no Ann here"));
    const node = await startNearNode();
    await node.apply(server.url);
    const last = (await node.events(await node.submit("Ann"))).at(-1);
    expect(last).toMatchObject({
      type: "task.failed",
      data: { error: { code, message: expect.stringMatching(message) } },
    });
  });

  it("that rejects the task has ours rejected, with its words", async () => {
    const server = await serve((play) => play.end("REJECTED", "no Ann here"));
    const node = await startNearNode();
    await node.apply(server.url);
    expect((await node.events(await node.submit("Ann"))).at(-1)).toMatchObject({
      type: "task.rejected",
      data: { error: { code: "REJECTED", message: "the agent rejected the task: no Ann here" } },
    });
  });

  it("goes on with a conversation: tasks of one context are one context there, another caller's is another", async () => {
    const server = await serve((play) => {
      play.artifact("out", play.contextId);
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const first = await node.output(await node.submit("a", { contextId: "c" }));
    expect(await node.output(await node.submit("b", { contextId: "c" }))).toBe(first);
    expect(await node.output(await node.submit("b", { contextId: "d" }))).not.toBe(first);
    const bob = { ...SCOPE, caller: "bob" };
    const { taskId } = await node.parts.tasks.submit(bob, { target: { agent: "far" }, input: "x", contextId: "c" });
    await node.parts.tasks.settled(bob, taskId, { signal: AbortSignal.timeout(10_000) });
    const { artifacts } = await node.parts.tasks.view(bob, taskId);
    expect(artifacts?.[0]?.parts[0]?.text).not.toBe(first);
  });

  it("hears of the trace that its task belongs to", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    const node = await startNearNode();
    await node.apply(server.url);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await node.output(await node.submit("a", { traceparent }));
    expect(server.calls[0]?.headers["traceparent"]).toContain("0af7651916cd43dd8448eb211c80319c");
  });
});

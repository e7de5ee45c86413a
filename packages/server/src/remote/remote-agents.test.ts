import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCardSigner } from "@agentcore/a2a/cards";
import { API_VERSION } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate, isArtifact, serve, textsOf } from "../../test/remote/agent-to-call.ts";
import { folder, SCOPE, startNearNode } from "../../test/remote/near-node.ts";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { systemClock } from "../system-senses.ts";

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

  it("asks for access: ours does too, with all it said, and the agent is told without the secret when it is granted", async () => {
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

  it("that got its access elsewhere goes on by itself, and nobody has to answer here", async () => {
    const elsewhere = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      play.end("AUTH_REQUIRED", "May I read it?");
      await elsewhere.opened;
      play.artifact("out", "two", { append: true });
      play.end("COMPLETED");
    });
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    const asked = (await node.events(taskId, ({ type }) => type === "task.authRequired")).at(-1);
    expect(asked).toMatchObject({ data: { authorization: { name: "far" } } });
    elsewhere.release();
    expect(await node.output(taskId)).toBe("one two");
    const types = (await node.events(taskId)).map(({ type }) => type);
    expect(types.filter((type) => type === "task.authRequired")).toHaveLength(1);
    expect(types).toContain("task.resumed");
  });

  it("that is refused access here is canceled, and our task fails with the refusal", async () => {
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

  it("that takes no message while it works goes on without it", async () => {
    const goOn = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one");
      await goOn.opened;
      play.end("COMPLETED");
    });
    server.refuse = ({ method }) => method === "SendMessage";
    const node = await startNearNode();
    await node.apply(server.url);
    const taskId = await node.submit("Ann");
    await node.events(taskId, isArtifact);
    await node.parts.tasks.send(SCOPE, taskId, { messageId: "f1", role: "ROLE_USER", parts: [{ text: "hurry" }] });
    await node.events(taskId, (event) => event.type === "step.failed");
    goOn.release();
    expect(await node.output(taskId)).toBe("one");
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
    const never = gate();
    const server = await serve(async (play) => {
      play.artifact("out", "one ");
      await never.opened;
    });
    const node = await startNearNode();
    await node.apply(server.url, {}, { timeoutMs: 3000 });
    const taskId = await node.submit("Ann");
    expect((await node.events(taskId)).at(-1)).toMatchObject({ data: { error: { code: "DEADLINE_EXCEEDED" } } });
    await expect.poll(() => server.canceled.length).toBe(1);
    never.release();
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

describe("declaring a remote agent", () => {
  it("takes skills, description and version from the card, unless the manifest has its own", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      ...{ state: "ready", description: "Says what it is told", version: "1", inputModes: ["text/plain"] },
      skills: [{ id: "echo" }],
    });
    await node.apply(
      server.url,
      {},
      { description: "Mine", skills: [{ id: "s", name: "S", description: "d", tags: [] }] },
    );
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({ description: "Mine", skills: [{ id: "s" }] });
  });

  it("is not refused because the agent does not answer: it is unreachable until it does", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.failWith(503);
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "unreachable",
      reason: expect.stringContaining("503"),
      skills: [{ id: "far" }],
    });
    server.failWith(null);
    await expect
      .poll(() => node.parts.catalogue.get("default", "far"), { timeout: 15_000 })
      .toMatchObject({ state: "ready", skills: [{ id: "echo" }] });
  });

  it("fails a task with what is wrong now, not with what was when it was first asked", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.failWith(401);
    const node = await startNearNode();
    await node.apply(server.url);
    const reason = () => node.parts.catalogue.get("default", "far")?.reason;
    expect(reason()).toContain("401");
    server.failWith(403);
    await expect.poll(reason, { timeout: 15_000 }).toContain("403");
    const last = (await node.events(await node.submit("Ann"))).at(-1);
    expect(last).toMatchObject({ data: { error: { code: "PERMISSION_DENIED" } } });
  });

  it("that is unreachable is passed by when another agent has the skill, and the decision says why", async () => {
    const [away, there] = [await serve((play) => play.end("COMPLETED")), await serve((play) => play.end("COMPLETED"))];
    away.failWith(503);
    const node = await startNearNode();
    const skills = [{ id: "echo", name: "Echo", description: "d", tags: [] }];
    await node.apply(away.url, {}, { skills, quality: 1 });
    const spec = { remote: { card: there.url }, quality: 0.1 };
    const other = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "near" }, spec };
    await node.parts.manifests.apply("default", [other], { dryRun: false });
    const { taskId } = await node.parts.tasks.submit(SCOPE, { target: { capability: "echo" }, input: "x" });
    const decision = (await node.events(taskId)).find(({ type }) => type === "decision.made");
    expect(decision).toMatchObject({
      data: { choice: "near", reasons: expect.arrayContaining([expect.stringMatching(/far.*healthy/)]) },
    });
  });

  it("refuses a card that offers no version the policy allows", async () => {
    const server = await serve((play) => play.end("COMPLETED"), { version: "0.3" });
    const node = await startNearNode();
    await node.apply(server.url, { versions: ["1.0"] });
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("offers JSONRPC 0.3"),
    });
    const last = (await node.events(await node.submit("Ann"))).at(-1);
    expect(last).toMatchObject({ data: { error: { code: "VERSION_NOT_SUPPORTED" } } });
  });

  it("insists on a signature when the manifest does, and takes nothing that it does not cover", async () => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    const signer = await createCardSigner([key.toString()]);
    const server = await serve((play) => play.end("COMPLETED"));
    const sign = async (card: Record<string, unknown>) => ({
      ...card,
      signatures: await signer.sign(card, "https://x.test/"),
    });
    const plain = (await (await fetch(server.cardUrl)).json()) as Record<string, unknown>;
    const stateWith = async (signature: object): Promise<unknown> => {
      const node = await startNearNode();
      await node.apply(server.url, { signature });
      const { state, reason } = node.parts.catalogue.get("default", "far") ?? {};
      return [state, reason];
    };
    const trusted = { jwks: signer.jwks };
    expect(await stateWith(trusted)).toEqual(["refused", expect.stringContaining("it is not signed")]);
    expect(await stateWith({ ...trusted, required: false })).toEqual(["ready", undefined]);
    const signed = await sign(plain);
    server.card = () => signed;
    expect(await stateWith(trusted)).toEqual(["ready", undefined]);
    server.card = () => ({ ...signed, description: "Something else" });
    expect(await stateWith(trusted)).toEqual(["refused", expect.stringContaining("does not fit the card")]);
    expect(await stateWith({ ...trusted, required: false })).toEqual(["refused", expect.anything()]);
  });

  it("refuses addresses in private networks and of metadata services, and names of such when they are called", async () => {
    const node = await startNearNode();
    await expect(node.apply("http://10.1.2.3/")).rejects.toMatchObject({
      violations: [{ field: "spec.remote.card", description: expect.stringContaining("--allow-private-agents") }],
    });
    await expect(node.apply("http://169.254.169.254/")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const remotes = openRemotes(createMemoryKeyValue({ clock: systemClock }), {
      lookup: (_name, _options, callback) => callback(null, [{ address: "10.1.2.3", family: 4 }]),
    });
    const remote = { card: "http://agents.test/" };
    const spec = { remote };
    await remotes.define("t", { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "a" }, spec }, { ask: true });
    expect(remotes.status("t", remote)).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("agents.test leads to 10.1.2.3"),
    });
    const open = await startNearNode({ allowPrivateAgents: true });
    await expect(open.apply("http://169.254.169.254/")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("with a card that can be fetched and is too large to keep says so, and is not unknown for ever", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.card = (card) => ({ ...card, description: "x".repeat(1024 * 1024 - 2_000) });
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "unreachable",
      reason: expect.stringMatching(/^the card at http.* takes 1\d{6} bytes to keep, 917504 are allowed/),
    });
  });

  it("judges the addresses that a card names as well", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.card = (card) => ({
      ...card,
      supportedInterfaces: [{ url: "http://192.168.0.1/rpc", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    });
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("private network"),
    });
  });

  it("sends credentials to the card's origin and those that are listed, and to no other", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      request.resume();
      response.writeHead(400).end("{}");
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(async () => void other.close());
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const server = await serve((play) => play.end("COMPLETED"));
    const node = await startNearNode({ env: { FAR_TOKEN: "hush" } });
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN" } });
    await node.output(await node.submit("Ann"));
    expect(server.calls[0]?.headers.authorization).toBe("Bearer hush");
    expect(server.cardRequests[0]?.authorization).toBeUndefined();
    server.card = (card) => ({
      ...card,
      supportedInterfaces: [{ url: `${elsewhere}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    });
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN" }, timeoutMs: 5000 });
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining(`list ${elsewhere} in spec.remote.auth.origins`),
    });
    await node.events(await node.submit("Ann"));
    expect(seen).toEqual([]);
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN", origins: [elsewhere] } });
    await node.events(await node.submit("Ann"));
    expect(seen[0]).toBe("Bearer hush");
  });

  it("takes only variables of the tenant, and only what is named like a secret", async () => {
    const node = await startNearNode();
    const refused = (auth: object) => expect(node.apply("http://127.0.0.1:1/", { auth })).rejects;
    await refused({ bearerEnv: "PATH" }).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused({ bearerEnv: "AGENTCORE_API_KEY" }).toMatchObject({
      violations: [{ field: "spec.remote.auth.bearerEnv", description: expect.stringContaining("platform") }],
    });
    await refused({ oauth2: { clientId: "x", clientSecretEnv: "ACME__SECRET" } }).toMatchObject({
      violations: [{ field: "spec.remote.auth.oauth2.clientSecretEnv" }],
    });
  });
});

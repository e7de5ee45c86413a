import { AgentCard } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { createFixture, describeAgent, userMessage } from "../../../test/gateway/gateway-fixture.ts";

const TIMING = "https://extensions.test/timing/v1";
const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";
const AUDIT = "https://extensions.test/audit/v2";

describe("output modes", () => {
  const send = (acceptedOutputModes: readonly string[] | undefined, more = {}) => {
    const fixture = createFixture({}, [describeAgent("echo", more)]);
    const params = { ...userMessage("x"), configuration: { acceptedOutputModes } };
    return { ...fixture, params };
  };

  it.each([
    [undefined, {}],
    [[], {}],
    [["application/json"], {}],
    [["text/*"], {}],
    [["image/png", "*/*"], {}],
    [["TEXT/PLAIN; charset=utf-8"], {}],
    [["image/png"], { outputModes: ["image/*"] }],
    [["image/png"], { skills: [{ id: "draw", name: "Draw", description: "d", tags: [], outputModes: ["image/png"] }] }],
  ])("%j are served (%j)", async (accepted, agent) => {
    const { result, params } = send(accepted, agent);
    expect((await result("SendMessage", params)).task.status.state).toBe("TASK_STATE_COMPLETED");
  });

  it.each([
    [["image/png"], {}],
    [["text/plain"], { outputModes: ["application/pdf"] }],
    [["nonsense"], {}],
  ])("%j are refused before any work (%j)", async (accepted, agent) => {
    const { error, params, post, tasks } = send(accepted, agent);
    expect(await error("SendMessage", params)).toMatchObject({
      code: -32005,
      data: [{ reason: "CONTENT_TYPE_NOT_SUPPORTED" }],
    });
    expect((await error("SendStreamingMessage", params)).code).toBe(-32005);
    expect((await post("/a2a/echo/message:send", params)).status).toBe(400);
    expect(tasks.tasks.size).toBe(0);
  });

  it("hold for follow-ups too", async () => {
    const { result, error, tasks } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    const params = { ...userMessage("x", { taskId: task.id }), configuration: { acceptedOutputModes: ["image/png"] } };
    expect((await error("SendMessage", params)).code).toBe(-32005);
    expect(tasks.sent).toEqual([]);
  });
});

describe("extensions", () => {
  const agent = describeAgent("echo", { extensions: [{ uri: TIMING }, { uri: AUDIT, required: true }] });
  const listing = (...uris: readonly string[]) => ({ "a2a-extensions": uris.join(", ") });

  it("are on the card", async () => {
    const { get } = createFixture({}, [agent]);
    const card = AgentCard.parse(await (await get("/a2a/echo/.well-known/agent-card.json")).json());
    expect(card.capabilities.extensions).toMatchObject([
      { uri: TIMING },
      { uri: AUDIT, required: true },
      { uri: RESUMABLE_STREAMS },
    ]);
  });

  it("CORE-CAP-004: a required one that is not listed is an error of its own, on every binding and operation", async () => {
    const { error, get, post, tasks } = createFixture({}, [agent]);
    for (const headers of [{}, listing(TIMING), listing(`${AUDIT}x`)]) {
      expect(await error("SendMessage", userMessage("x"), { headers })).toMatchObject({
        code: -32008,
        data: [{ reason: "EXTENSION_SUPPORT_REQUIRED", metadata: { extension: AUDIT } }],
      });
      expect((await error("SendStreamingMessage", userMessage("x"), { headers })).code).toBe(-32008);
      expect((await post("/a2a/echo/message:send", userMessage("x"), headers)).status).toBe(400);
      expect((await get("/a2a/echo/tasks", headers)).status).toBe(400);
    }
    expect(tasks.tasks.size).toBe(0);
  });

  it("that both sides speak are named in the answer; unknown ones are ignored", async () => {
    const { rpc, post } = createFixture({}, [agent]);
    const headers = listing("https://extensions.test/unknown", AUDIT, TIMING);
    for (const response of [
      await rpc("SendMessage", userMessage("x"), { headers }),
      await rpc("SendStreamingMessage", userMessage("x"), { headers }),
      await post("/a2a/echo/message:send", userMessage("x"), headers),
      await post("/a2a/echo/message:stream", userMessage("x"), headers),
    ]) {
      expect(response.status).toBe(200);
      expect(response.headers.get("a2a-extensions")).toBe(`${TIMING}, ${AUDIT}`);
      await response.body?.cancel();
    }
  });

  it("of an agent that declares none are ignored", async () => {
    const { rpc } = createFixture();
    const response = await rpc("SendMessage", userMessage("x"), { headers: listing(TIMING) });
    expect([response.status, response.headers.get("a2a-extensions")]).toEqual([200, null]);
  });
});

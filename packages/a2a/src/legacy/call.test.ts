import { type A2ATask, PlatformError, SendMessageRequest } from "@agentcore/contract";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createFakeRunner } from "../../test/fake-runner.ts";
import { callLegacy, parseLegacyParams, streamLegacy } from "./call.ts";
import type { LegacyMethod } from "./methods.ts";

const TASK: A2ATask = {
  id: "t",
  contextId: "c",
  status: { state: "TASK_STATE_COMPLETED" },
  artifacts: [],
  history: [],
};
const TEXT = { kind: "text", text: "hi" };

const call = async (method: LegacyMethod, params: unknown, unary: Parameters<typeof createFakeRunner>[0]["unary"]) => {
  const fake = createFakeRunner({ unary: unary ?? {} });
  return { ...fake, result: await callLegacy(fake.runner, method, parseLegacyParams(method, params)) };
};

/** What a 0.3 message becomes in 1.0. */
const sent = async (message: Record<string, unknown>, more: Record<string, unknown> = {}) => {
  const params = { message: { kind: "message", messageId: "m", role: "user", parts: [TEXT], ...message }, ...more };
  const { asked } = await call("message/send", params, { SendMessage: { task: TASK } });
  expect(asked[0]?.operation).toBe("SendMessage");
  return SendMessageRequest.strict().parse(asked[0]?.params);
};

const answered = async (task: Partial<A2ATask>) =>
  (await call("tasks/get", { id: "t" }, { GetTask: { ...TASK, ...task } })).result;

describe("what a client of 0.3 sends", () => {
  it("is what 1.0 takes: nothing that was not sent, such as an empty contextId", async () => {
    expect(await sent({})).toEqual({
      message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "hi" }] },
      configuration: {},
    });
  });

  it("keeps ids, metadata, extensions and references", async () => {
    const message = {
      contextId: "c",
      taskId: "t",
      metadata: { my_key: { a_b: 1 } },
      extensions: ["https://extensions.test/x"],
      referenceTaskIds: ["r"],
    };
    expect(await sent(message, { metadata: { other_key: true } })).toEqual({
      message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "hi" }], ...message },
      configuration: {},
      metadata: { other_key: true },
    });
  });

  it("may say null, or an empty id, for what it leaves out, as clients in Python do", async () => {
    const unset = { contextId: "", taskId: null, metadata: null, extensions: null, referenceTaskIds: null };
    const parts = [
      { ...TEXT, metadata: null },
      { kind: "file", file: { bytes: "-_8", name: null, mimeType: null } },
    ];
    const configuration = { blocking: null, historyLength: null, pushNotificationConfig: null };
    expect(await sent({ ...unset, parts }, { configuration, metadata: null })).toEqual({
      ...(await sent({ parts: [TEXT, { kind: "file", file: { bytes: "+/8=" } }] })),
    });
  });

  it("may be spelled in snake_case", async () => {
    expect(
      await sent({ task_id: "t", context_id: "c" }, { configuration: { accepted_output_modes: ["text/plain"] } }),
    ).toMatchObject({
      message: { taskId: "t", contextId: "c" },
      configuration: { acceptedOutputModes: ["text/plain"] },
    });
  });

  it("has its parts as 1.0 has them", async () => {
    const parts = [
      { kind: "file", file: { bytes: "aGk=", mimeType: "text/plain", name: "a.txt" }, metadata: { n: 1 } },
      { kind: "file", file: { uri: "https://files.test/x" } },
      { kind: "data", data: { a_b: [null, 1] } },
      { kind: "text", text: "" },
    ];
    expect((await sent({ parts })).message.parts).toEqual([
      { raw: "aGk=", mediaType: "text/plain", filename: "a.txt", metadata: { n: 1 } },
      { url: "https://files.test/x" },
      { data: { a_b: [null, 1] } },
      { text: "" },
    ]);
  });

  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ historyLength: 0 }, undefined],
    [{ blocking: true }, undefined],
    [{ blocking: false }, true],
  ])("waits unless `blocking: false` says not to (%j)", async (configuration, returnImmediately) => {
    expect((await sent({}, { configuration })).configuration?.returnImmediately).toBe(returnImmediately);
  });

  it("names one scheme of a push config, and the console hears nothing of the others", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const config = {
      url: "https://hooks.test/",
      token: "s",
      authentication: { schemes: ["Bearer", "Basic"], credentials: "k" },
    };
    const { configuration } = await sent({}, { configuration: { pushNotificationConfig: config } });
    const flat = { url: "https://hooks.test/", token: "s", authentication: { scheme: "Bearer", credentials: "k" } };
    expect(configuration?.taskPushNotificationConfig).toEqual(flat);
    const set = { taskId: "t", pushNotificationConfig: { ...config, id: "p" } };
    const { asked, result } = await call("tasks/pushNotificationConfig/set", set, {
      CreateTaskPushNotificationConfig: { taskId: "t", id: "p", ...flat },
    });
    expect(asked[0]?.params).toEqual({ taskId: "t", id: "p", ...flat });
    expect(result).toEqual({
      taskId: "t",
      pushNotificationConfig: { ...config, id: "p", authentication: { schemes: ["Bearer"], credentials: "k" } },
    });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

it("any message of 0.3 is one of 1.0, and comes back as it was", async () => {
  const name = fc.string({ minLength: 1, maxLength: 20 });
  const metadata = fc.dictionary(
    name.filter((key) => key !== "__proto__"),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const bytes = fc.uint8Array({ maxLength: 20 }).map((raw) => Buffer.from(raw).toString("base64"));
  const named = { mimeType: name, name };
  const file = fc.oneof(
    fc.record({ bytes, ...named }, { requiredKeys: ["bytes"] }),
    fc.record({ uri: name, ...named }, { requiredKeys: ["uri"] }),
  );
  const part = fc.oneof(
    fc.record({ kind: fc.constant("text"), text: fc.string(), metadata }, { requiredKeys: ["kind", "text"] }),
    fc.record({ kind: fc.constant("file"), file, metadata }, { requiredKeys: ["kind", "file"] }),
    fc.record({ kind: fc.constant("data"), data: metadata, metadata }, { requiredKeys: ["kind", "data"] }),
  );
  const message = fc.record(
    {
      kind: fc.constant("message"),
      messageId: name,
      contextId: name,
      taskId: name,
      role: fc.constantFrom("user", "agent"),
      parts: fc.array(part, { minLength: 1, maxLength: 4 }),
      metadata,
      extensions: fc.array(name, { minLength: 1, maxLength: 2 }),
      referenceTaskIds: fc.array(name, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["kind", "messageId", "role", "parts"] },
  );
  await fc.assert(
    fc.asyncProperty(message, async (original) => {
      const { message: modern } = await sent(structuredClone(original));
      expect(await answered({ history: [modern] })).toMatchObject({ history: [original] });
    }),
    { numRuns: 300 },
  );
});

describe("what is not 0.3 is refused by the name that 0.3 has for it", () => {
  const send = (message: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
    message: { kind: "message", messageId: "m", role: "user", parts: [TEXT], ...message },
    ...more,
  });
  it.each([
    ["message/send", {}, "message"],
    ["message/send", send({ kind: undefined }), "message.kind"],
    ["message/send", send({ messageId: "" }), "message.messageId"],
    ["message/send", send({ role: "ROLE_USER" }), "message.role"],
    ["message/send", send({ parts: null }), "message.parts"],
    ["message/send", send({ parts: undefined }), "message.parts"],
    ["message/send", send({ parts: [] }), "message.parts"],
    ["message/send", send({ parts: [{ text: "hi" }] }), "message.parts[0].kind"],
    ["message/send", send({ parts: [TEXT, { kind: "text" }] }), "message.parts[1].text"],
    ["message/send", send({ parts: [{ kind: "file" }] }), "message.parts[0].file"],
    ["message/send", send({ parts: [{ kind: "file", file: {} }] }), "message.parts[0].file"],
    ["message/send", send({ parts: [{ kind: "file", file: { bytes: "a b" } }] }), "message.parts[0].file.bytes"],
    ["message/send", send({ parts: [{ kind: "file", file: { uri: "x".repeat(8193) } }] }), "message.parts[0].file.uri"],
    ["message/send", send({ parts: [{ kind: "data", data: [1] }] }), "message.parts[0].data"],
    ["message/stream", send({}, { configuration: { blocking: "no" } }), "configuration.blocking"],
    ["message/stream", send({}, { configuration: { historyLength: -1 } }), "configuration.historyLength"],
    [
      "message/send",
      send({}, { configuration: { pushNotificationConfig: { url: "http://h/", authentication: { schemes: [] } } } }),
      "configuration.pushNotificationConfig.authentication.schemes",
    ],
    // Refused by 1.0 too, which would name fields that the client did not send.
    [
      "message/send",
      send({}, { configuration: { pushNotificationConfig: { url: "ftp://h/" } } }),
      "configuration.pushNotificationConfig.url",
    ],
    [
      "tasks/pushNotificationConfig/set",
      { taskId: "t", pushNotificationConfig: { url: "http://h/", token: "é" } },
      "pushNotificationConfig.token",
    ],
    [
      "tasks/pushNotificationConfig/set",
      { taskId: "t", pushNotificationConfig: { url: "http://h/", authentication: { schemes: ["a b"] } } },
      "pushNotificationConfig.authentication.schemes[0]",
    ],
    ["tasks/get", {}, "id"],
    ["tasks/get", { id: "t", historyLength: 1.5 }, "historyLength"],
    ["tasks/cancel", { id: "" }, "id"],
    ["tasks/resubscribe", { taskId: "t" }, "id"],
    ["tasks/pushNotificationConfig/set", { taskId: "t" }, "pushNotificationConfig"],
    ["tasks/pushNotificationConfig/delete", { id: "t" }, "pushNotificationConfigId"],
  ] as const)("%s %j: %s", (method, params, field) => {
    let error: unknown;
    try {
      parseLegacyParams(method, structuredClone(params));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
  });

  it("members that 0.3 does not know are dropped", () => {
    expect(parseLegacyParams("tasks/get", { id: "t", tenant: "x", nonsense: 1 })).toEqual({ id: "t" });
  });
});

describe("what a client of 0.3 gets", () => {
  it("is a task of 0.3, with what is empty left out", async () => {
    expect(await answered({})).toEqual({ kind: "task", id: "t", contextId: "c", status: { state: "completed" } });
  });

  it("keeps times, metadata, and the order of the history", async () => {
    const text = (messageId: string, role: "ROLE_USER" | "ROLE_AGENT") => ({
      messageId,
      role,
      parts: [{ text: messageId }],
    });
    const timestamp = "2026-01-02T03:04:05.678Z";
    const task = await answered({
      status: { state: "TASK_STATE_INPUT_REQUIRED", timestamp, message: text("q", "ROLE_AGENT") },
      history: [text("a", "ROLE_USER"), text("b", "ROLE_AGENT"), text("c", "ROLE_USER")],
      metadata: { k: { v: 1 } },
    });
    expect(task).toMatchObject({
      status: { state: "input-required", timestamp, message: { kind: "message", role: "agent" } },
      history: [
        { messageId: "a", role: "user" },
        { messageId: "b", role: "agent" },
        { messageId: "c", role: "user" },
      ],
      metadata: { k: { v: 1 } },
    });
  });

  it.each([
    ["SUBMITTED", "submitted"],
    ["WORKING", "working"],
    ["INPUT_REQUIRED", "input-required"],
    ["AUTH_REQUIRED", "auth-required"],
    ["COMPLETED", "completed"],
    ["FAILED", "failed"],
    ["CANCELED", "canceled"],
    ["REJECTED", "rejected"],
  ] as const)("TASK_STATE_%s is %s", async (state, legacy) => {
    expect(await answered({ status: { state: `TASK_STATE_${state}` } })).toMatchObject({ status: { state: legacy } });
  });

  it.each([[null], [[1, 2]], ["text"], [0], [false]])(
    "data that is no object (%j) comes in one, and comes back as it was",
    async (value) => {
      const artifact = { artifactId: "a", parts: [{ data: value }] };
      const task = await answered({ artifacts: [artifact] });
      const part = { kind: "data", data: { value }, metadata: { data_part_compat: true } };
      expect(task).toMatchObject({ artifacts: [{ artifactId: "a", parts: [part] }] });
      expect((await sent({ parts: [part] })).message.parts).toEqual([{ data: value }]);
    },
  );

  it("an artifact has its parts as 0.3 has them", async () => {
    const parts = [
      { raw: "aGk=", mediaType: "text/plain", filename: "a.txt" },
      { url: "https://files.test/x", mediaType: "image/png" },
      { data: { a: 1 }, mediaType: "application/json", metadata: { m: 1 } },
    ];
    expect(await answered({ artifacts: [{ artifactId: "a", name: "n", description: "d", parts }] })).toMatchObject({
      artifacts: [
        {
          artifactId: "a",
          name: "n",
          description: "d",
          parts: [
            { kind: "file", file: { bytes: "aGk=", mimeType: "text/plain", name: "a.txt" } },
            { kind: "file", file: { uri: "https://files.test/x", mimeType: "image/png" } },
            { kind: "data", data: { a: 1 }, metadata: { m: 1 } },
          ],
        },
      ],
    });
  });

  it("is the very error that the operation threw", async () => {
    const error = new PlatformError("TASK_NOT_FOUND", "there is no task t", { details: { taskId: "t" } });
    await expect(call("tasks/get", { id: "t" }, { GetTask: error })).rejects.toBe(error);
    const foreign = new Error("a defect");
    await expect(call("tasks/cancel", { id: "t" }, { CancelTask: foreign })).rejects.toBe(foreign);
  });

  it("is a defect when the operation's answer cannot be translated", async () => {
    await expect(
      call(
        "message/send",
        { message: { kind: "message", messageId: "m", role: "user", parts: [TEXT] } },
        { SendMessage: {} },
      ),
    ).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("push notification configs", () => {
  const config = (id: string) => ({ taskId: "t", id, url: `https://hooks.test/${id}` });
  const legacy = (id: string) => ({ taskId: "t", pushNotificationConfig: { id, url: `https://hooks.test/${id}` } });

  it("are a list without pages; one is got by its id, or by none as the first", async () => {
    const unary = {
      ListTaskPushNotificationConfigs: { configs: [config("a"), config("b")], nextPageToken: "" },
      GetTaskPushNotificationConfig: config("b"),
    };
    const list = await call("tasks/pushNotificationConfig/list", { id: "t" }, unary);
    expect(list.result).toEqual([legacy("a"), legacy("b")]);
    expect(list.asked[0]?.params).toEqual({ taskId: "t" });
    const one = await call("tasks/pushNotificationConfig/get", { id: "t", pushNotificationConfigId: "b" }, unary);
    expect(one.asked[0]?.params).toEqual({ taskId: "t", id: "b" });
    expect(one.result).toEqual(legacy("b"));
    expect((await call("tasks/pushNotificationConfig/get", { id: "t" }, unary)).result).toEqual(legacy("a"));
    const none = { ListTaskPushNotificationConfigs: { configs: [] } };
    await expect(call("tasks/pushNotificationConfig/get", { id: "t" }, none)).rejects.toMatchObject({
      code: "TASK_NOT_FOUND",
    });
  });

  it("a deleted one is answered with null", async () => {
    const params = { id: "t", pushNotificationConfigId: "a" };
    const { asked, result } = await call("tasks/pushNotificationConfig/delete", params, {});
    expect(asked[0]?.params).toEqual({ taskId: "t", id: "a" });
    expect(result).toBeNull();
  });
});

it("the extended card is 0.3's, of the card's interfaces of 0.3", async () => {
  const url = "https://agents.test/a2a/echo";
  const card = {
    name: "echo",
    description: "Echoes",
    version: "1",
    supportedInterfaces: ["1.0", "0.3"].map((protocolVersion) => ({
      url,
      protocolBinding: "JSONRPC",
      protocolVersion,
    })),
    capabilities: { streaming: true, extendedAgentCard: true },
    securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } } },
    securityRequirements: [{ schemes: { bearer: { list: [] } } }],
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "s", name: "S", description: "d", tags: ["t"] }],
    signatures: [{ protected: "p", signature: "s" }],
  };
  const { result } = await call("agent/getAuthenticatedExtendedCard", {}, { GetExtendedAgentCard: card });
  expect(result).toMatchObject({
    name: "echo",
    url,
    preferredTransport: "JSONRPC",
    supportsAuthenticatedExtendedCard: true,
    securitySchemes: { bearer: { type: "http", scheme: "Bearer" } },
    security: [{ bearer: [] }],
  });
  expect(result).not.toHaveProperty("supportedInterfaces");
  // It was made of the card's other form.
  expect(result).not.toHaveProperty("signatures");
});

describe("streams", () => {
  const ids = { taskId: "t", contextId: "c" };
  const status = (state: A2ATask["status"]["state"]) => ({ statusUpdate: { ...ids, status: { state } } });
  const artifact = (more: Record<string, unknown>) => ({
    artifactUpdate: { ...ids, artifact: { artifactId: "a", parts: [{ data: null }] }, ...more },
  });
  const read = async (method: "message/stream" | "tasks/resubscribe", fake: ReturnType<typeof createFakeRunner>) => {
    const params =
      method === "message/stream"
        ? { message: { kind: "message", messageId: "m", role: "user", parts: [TEXT] } }
        : { id: "t" };
    const stream = await streamLegacy(fake.runner, method, parseLegacyParams(method, params));
    const seen = [];
    for (let next = await stream.frames.next(); next.done !== true; next = await stream.frames.next())
      seen.push(next.value);
    return seen as { result: Record<string, unknown>; seq?: number }[];
  };

  it("pair each event with its number, and leave the number out between frames of one event", async () => {
    const frames = [
      { response: { task: TASK }, seq: 1 },
      { response: artifact({}) },
      { response: status("TASK_STATE_WORKING"), seq: 4 },
      { response: artifact({ append: true, lastChunk: true }), seq: 5 },
    ];
    const seen = await read("message/stream", createFakeRunner({ frames }));
    expect(seen.map(({ result, seq }) => [result.kind, seq])).toEqual([
      ["task", 1],
      ["artifact-update", undefined],
      ["status-update", 4],
      ["artifact-update", 5],
    ]);
    // What is not said is false in 0.3, too.
    expect(seen[1]?.result).toMatchObject({ ...ids, append: false, lastChunk: false });
    expect(seen[3]?.result).toMatchObject({ append: true, lastChunk: true });
  });

  it.each([
    ["message/stream", "TASK_STATE_WORKING", false],
    ["message/stream", "TASK_STATE_AUTH_REQUIRED", false],
    ["message/stream", "TASK_STATE_INPUT_REQUIRED", true],
    ["message/stream", "TASK_STATE_COMPLETED", true],
    ["message/stream", "TASK_STATE_REJECTED", true],
    ["tasks/resubscribe", "TASK_STATE_INPUT_REQUIRED", false],
    ["tasks/resubscribe", "TASK_STATE_FAILED", true],
    ["tasks/resubscribe", "TASK_STATE_CANCELED", true],
  ] as const)("`final` is what the stream ends with: %s, %s", async (method, state, final) => {
    const [frame] = await read(method, createFakeRunner({ frames: [{ response: status(state), seq: 1 }] }));
    expect(frame?.result.final).toBe(final);
  });

  it("reject with the very error that the source threw, first or later", async () => {
    const error = new PlatformError("OVERLOADED", "full");
    await expect(read("message/stream", createFakeRunner({ frames: [error] }))).rejects.toBe(error);
    const late = createFakeRunner({ frames: [{ response: { task: TASK }, seq: 1 }, error] });
    await expect(read("tasks/resubscribe", late)).rejects.toBe(error);
    expect(late.state).toEqual({ released: 1, returned: 1 });
  });

  it("end their source when nobody reads any more, also one that waits for its reader", async () => {
    const fake = createFakeRunner({
      frames: [
        { response: { task: TASK }, seq: 1 },
        { response: { task: TASK }, seq: 2 },
      ],
    });
    const stream = await streamLegacy(fake.runner, "tasks/resubscribe", { id: "t" });
    await stream.frames.next();
    stream.release();
    expect(fake.state.released).toBeGreaterThan(0);
    await expect.poll(() => fake.state.returned).toBe(1);
  });
});

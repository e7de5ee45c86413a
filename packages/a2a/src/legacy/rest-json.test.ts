import type { A2ATask, AgentCard } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { createFakeRunner } from "../../test/fake-runner.ts";
import { callLegacyRest, parseRestParams, streamLegacyRest } from "./rest-json.ts";

const TASK: A2ATask = {
  id: "t",
  contextId: "c",
  status: { state: "TASK_STATE_CANCELED", message: { messageId: "q", role: "ROLE_AGENT", parts: [{ text: "?" }] } },
  artifacts: [
    {
      artifactId: "a",
      name: "n",
      parts: [{ raw: "aGk=", mediaType: "text/plain", filename: "a.txt" }, { data: null }],
    },
  ],
  history: [{ messageId: "m", contextId: "c", role: "ROLE_USER", parts: [{ url: "https://files.test/x" }] }],
  metadata: { my_key: 1 },
};
// As the proto file of 0.3.0 has it: no metadata of parts, no names of files.
const LEGACY_TASK = {
  id: "t",
  contextId: "c",
  status: {
    state: "TASK_STATE_CANCELLED",
    message: { messageId: "q", role: "ROLE_AGENT", content: [{ text: "?" }] },
  },
  artifacts: [
    {
      artifactId: "a",
      name: "n",
      parts: [{ file: { fileWithBytes: "aGk=", mimeType: "text/plain" } }, { data: { data: { value: null } } }],
    },
  ],
  history: [
    { messageId: "m", contextId: "c", role: "ROLE_USER", content: [{ file: { fileWithUri: "https://files.test/x" } }] },
  ],
  metadata: { my_key: 1 },
};
/** As it goes over the wire. */
const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const MESSAGE = { messageId: "m", role: "ROLE_USER", content: [{ text: "hi" }] };
const parse = (fields: Record<string, unknown>) => parseRestParams("message/send", { fields: structuredClone(fields) });

describe("requests", () => {
  it("may spell out what is unset, and have bytes and enums in every form of ProtoJSON", () => {
    const unset = { contextId: "", taskId: null, metadata: null, extensions: [] };
    const content = [
      { text: "hi", file: null, data: null },
      { file: { fileWithBytes: "-_8", fileWithUri: null, name: "" } },
    ];
    expect(parse({ message: { ...MESSAGE, ...unset, role: 1, content }, configuration: null })).toEqual(
      parse({
        message: { ...MESSAGE, extensions: [], content: [{ text: "hi" }, { file: { fileWithBytes: "+/8=" } }] },
      }),
    );
  });

  it("become what JSON-RPC sends", () => {
    const content = [
      { text: "hi", metadata: { m: 1 } },
      { file: { fileWithUri: "https://files.test/x", mimeType: "image/png" } },
      { file: { file_with_bytes: "aGk=", mime_type: "text/plain", name: "a.txt" } },
      { data: { data: { a_b: 1 } } },
    ];
    const message = { ...MESSAGE, content, context_id: "c", taskId: "", metadata: { my_key: 1 } };
    const configuration = {
      acceptedOutputModes: ["text/plain"],
      historyLength: 3,
      blocking: true,
      pushNotification: { url: "https://hooks.test/" },
    };
    expect(parse({ message, configuration, metadata: { other_key: 1 } })).toEqual({
      message: {
        kind: "message",
        messageId: "m",
        role: "user",
        contextId: "c",
        parts: [
          { kind: "text", text: "hi", metadata: { m: 1 } },
          { kind: "file", file: { uri: "https://files.test/x", mimeType: "image/png" } },
          { kind: "file", file: { bytes: "aGk=", mimeType: "text/plain", name: "a.txt" } },
          { kind: "data", data: { a_b: 1 } },
        ],
        metadata: { my_key: 1 },
      },
      configuration: {
        acceptedOutputModes: ["text/plain"],
        historyLength: 3,
        blocking: true,
        pushNotificationConfig: { url: "https://hooks.test/" },
      },
      metadata: { other_key: 1 },
    });
  });

  it("may name the message as the proto file does", () => {
    expect(parse({ request: MESSAGE })).toEqual(parse({ message: MESSAGE }));
  });

  it.each([
    [undefined, undefined],
    [{}, { blocking: false }],
    [{ blocking: true }, { blocking: true }],
  ])(
    "without a configuration the server decides; in one, what is left out is false (%j)",
    (configuration, expected) => {
      expect((parse({ message: MESSAGE, configuration }) as { configuration?: unknown }).configuration).toEqual(
        expected,
      );
    },
  );

  it.each([
    [{}, "message"],
    [{ message: { ...MESSAGE, role: "user" } }, "message.role"],
    [{ message: { ...MESSAGE, content: [] } }, "message.content"],
    [{ message: { ...MESSAGE, content: [{}] } }, "message.content[0]"],
    [{ message: { ...MESSAGE, content: [{ text: "x", data: { data: {} } }] } }, "message.content[0]"],
    [{ message: { ...MESSAGE, content: [{ file: { mimeType: "a/b" } }] } }, "message.content[0].file"],
    [{ message: { ...MESSAGE, content: [{ file: { fileWithUri: "" } }] } }, "message.content[0].file.fileWithUri"],
    [{ message: { ...MESSAGE, content: [{ data: { data: [1] } }] } }, "message.content[0].data.data"],
    [{ message: MESSAGE, configuration: { pushNotification: {} } }, "configuration.pushNotification.url"],
  ])("%j is refused by the name it has here: %s", (fields, field) => {
    let error: unknown;
    try {
      parse(fields);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
  });

  it("have ids in the path, which a body or a query cannot change", () => {
    const fields = { id: "other", taskId: "other", pushNotificationConfigId: "other", historyLength: 2 };
    expect(parseRestParams("tasks/get", { fields, taskId: "t" })).toEqual({ id: "t", historyLength: 2 });
    expect(
      parseRestParams("tasks/pushNotificationConfig/delete", { fields: { ...fields }, taskId: "t", configId: "p" }),
    ).toEqual({ id: "t", pushNotificationConfigId: "p" });
  });

  it("set a push config by the body of the proto file, or by its whole request", () => {
    const set = (fields: Record<string, unknown>) =>
      parseRestParams("tasks/pushNotificationConfig/set", { fields, taskId: "t" });
    const pushNotificationConfig = { url: "https://hooks.test/", id: "p" };
    const expected = { taskId: "t", pushNotificationConfig };
    expect(set({ name: "tasks/t/pushNotificationConfigs/p", pushNotificationConfig })).toEqual(expected);
    const { id: _, ...unnamed } = pushNotificationConfig;
    expect(set({ parent: "tasks/t", configId: "p", config: { push_notification_config: unnamed } })).toEqual(expected);
    expect(() => set({ config: {} })).toThrow("config.pushNotificationConfig");
  });
});

describe("answers", () => {
  it("are tasks of the proto file", async () => {
    const { runner } = createFakeRunner({ unary: { GetTask: TASK, CancelTask: TASK, SendMessage: { task: TASK } } });
    expect(wire(await callLegacyRest(runner, "tasks/get", { id: "t" }))).toEqual(LEGACY_TASK);
    expect(wire(await callLegacyRest(runner, "tasks/cancel", { id: "t" }))).toEqual(LEGACY_TASK);
    expect(wire(await callLegacyRest(runner, "message/send", parse({ message: MESSAGE })))).toEqual({
      task: LEGACY_TASK,
    });
  });

  it("may be a message", async () => {
    const message = { messageId: "x", contextId: "c", role: "ROLE_AGENT", parts: [{ text: "hi" }] };
    const { runner } = createFakeRunner({ unary: { SendMessage: { message } } });
    expect(wire(await callLegacyRest(runner, "message/send", parse({ message: MESSAGE })))).toEqual({
      message: { messageId: "x", contextId: "c", role: "ROLE_AGENT", content: [{ text: "hi" }] },
    });
  });

  it("are events with one member each, and their numbers", async () => {
    const ids = { taskId: "t", contextId: "c" };
    const frames = [
      { response: { task: TASK }, seq: 1 },
      { response: { artifactUpdate: { ...ids, artifact: { artifactId: "a", parts: [{ text: "x" }] }, append: true } } },
      { response: { statusUpdate: { ...ids, status: { state: "TASK_STATE_INPUT_REQUIRED" as const } } }, seq: 3 },
    ];
    const { runner } = createFakeRunner({ frames });
    const stream = await streamLegacyRest(runner, "message/stream", parse({ message: MESSAGE }));
    const seen = [];
    for (let next = await stream.frames.next(); next.done !== true; next = await stream.frames.next())
      seen.push(wire(next.value));
    expect(seen).toEqual([
      { result: { task: LEGACY_TASK }, seq: 1 },
      {
        result: {
          artifactUpdate: {
            ...ids,
            artifact: { artifactId: "a", parts: [{ text: "x" }] },
            append: true,
            lastChunk: false,
          },
        },
      },
      { result: { statusUpdate: { ...ids, status: { state: "TASK_STATE_INPUT_REQUIRED" }, final: true } }, seq: 3 },
    ]);
  });

  it("name push configs by their path; a deleted one has no answer", async () => {
    const config = { taskId: "t", id: "p", url: "https://hooks.test/" };
    const { runner } = createFakeRunner({
      unary: { GetTaskPushNotificationConfig: config, ListTaskPushNotificationConfigs: { configs: [config] } },
    });
    const named = {
      name: "tasks/t/pushNotificationConfigs/p",
      pushNotificationConfig: { id: "p", url: "https://hooks.test/" },
    };
    const params = { id: "t", pushNotificationConfigId: "p" };
    expect(wire(await callLegacyRest(runner, "tasks/pushNotificationConfig/get", params))).toEqual(named);
    expect(wire(await callLegacyRest(runner, "tasks/pushNotificationConfig/list", { id: "t" }))).toEqual({
      configs: [named],
    });
    expect(await callLegacyRest(runner, "tasks/pushNotificationConfig/delete", params)).toBeUndefined();
  });

  it("the extended card keeps 1.0's schemes, which are the proto file's", async () => {
    const url = "https://agents.test/a2a/echo";
    const card: AgentCard = {
      name: "echo",
      description: "Echoes",
      version: "1",
      supportedInterfaces: ["1.0", "0.3"].map((protocolVersion) => ({
        url,
        protocolBinding: "HTTP+JSON",
        protocolVersion,
      })),
      capabilities: { streaming: true, extendedAgentCard: true },
      securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } } },
      securityRequirements: [{ schemes: { bearer: { list: [] } } }],
      defaultInputModes: ["text/plain"],
      defaultOutputModes: ["text/plain"],
      skills: [{ id: "s", name: "S", description: "d", tags: ["t"] }],
    };
    const { runner } = createFakeRunner({ unary: { GetExtendedAgentCard: card } });
    const { supportedInterfaces: _, securityRequirements, ...same } = card;
    expect(wire(await callLegacyRest(runner, "agent/getAuthenticatedExtendedCard", {}))).toEqual({
      ...same,
      protocolVersion: "0.3.0",
      url,
      preferredTransport: "HTTP+JSON",
      additionalInterfaces: [{ url, transport: "HTTP+JSON" }],
      supportsAuthenticatedExtendedCard: true,
      capabilities: { streaming: true },
      security: securityRequirements,
    });
  });
});

/** One conversation over every binding in every version: what is stored, streamed and refused is the same (A2A 5.1). */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../test/gateway/legacy-shapes.ts";
import { createSpeller, SPELLINGS } from "../../test/gateway/spellings.ts";
import { createWires, type Wire, type WireError, WireFailure } from "../../test/gateway/wire.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const CODE = `export const analyst = {
  name: "analyst", description: "Analyses", version: "1", skills: [], labels: {}, tools: [], idempotent: false, subscribes: [],
  run: async (task, ctx) => {
    if (task.input === "hold") return ctx.sleep(3_600_000);
    if (task.input === "quick") return "at once";
    if (task.input === "two")
      return Promise.all(["a", "b"].map((key) => ctx.waitForInput({ prompt: key + "?", key })));
    if (task.input === "fail") throw new Error("it cannot be done");
    await ctx.artifact({ id: "report", name: "Report", description: "By region", text: "north ", lastChunk: false });
    await ctx.artifact({ id: "report", name: "Report", text: "and ", append: true, lastChunk: false });
    await ctx.artifact({ id: "report", name: "Report", text: "south", append: true });
    const answer = await ctx.waitForInput({ prompt: "Which year?", data: { years: [2023, 2024] } });
    await ctx.progress("half of it", 0.5);
    await ctx.artifact({ id: "files", name: "Files", parts: [
      { raw: "aGVsbG8=", mediaType: "text/plain", filename: "hello.txt" },
      { url: "https://example.com/chart.png", mediaType: "image/png" },
      { data: null }, { data: ["a", 1, false, null] }, { data: { region: "north", empty: {}, none: null } },
    ] });
    await ctx.progress("all of it", 1);
    return { input: task.input, answer, total: 3.5, nothing: null, no: false, list: [] };
  } };`;

let folder: string;
let wires: readonly Wire[];
const ends: (() => unknown)[] = [];

const start = async (name: string, apiKeys: readonly string[] = []): Promise<RunningNode> => {
  const dataDirectory = join(folder, name);
  const node = await startNode({ port: 0, grpcPort: 0, dataDirectory, apiKeys, logLevel: "error", env: {} });
  ends.push(() => node.close(0));
  await node.ready;
  const spec = { code: { path: join(folder, "analyst.js"), export: "analyst" } };
  await node.apply([{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name: "analyst" }, spec }]);
  return node;
};

const wiresTo = (node: RunningNode, headers: Readonly<Record<string, string>> = {}) =>
  createWires({ http: `${node.url}/a2a/analyst`, grpc: String(node.grpcAddress), headers }, ends);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-equivalence-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "analyst.js"), CODE);
  wires = await wiresTo(await start("open"));
});

afterAll(async () => {
  for (const end of ends.toReversed()) await end();
  await rm(folder, { recursive: true, force: true });
});

const all = async (events: AsyncIterable<Json>): Promise<Json[]> => {
  const seen: Json[] = [];
  for await (const event of events) seen.push(event);
  return seen;
};

/** Makes what one conversation says comparable with another: names for ids, by order of appearance; no times; no defaults. */
const createNormaliser = () => {
  const names = new Map<string, string>();
  const nameOf = (kind: string, id: string): string => {
    const known = names.get(id) ?? `${kind}-${[...names.values()].filter((name) => name.startsWith(kind)).length + 1}`;
    names.set(id, known);
    return known;
  };
  const KINDS: Readonly<Record<string, string>> = { taskId: "task", contextId: "context", messageId: "message" };
  const isDefault = (value: unknown) =>
    value === "" || value === false || value === undefined || (Array.isArray(value) && value.length === 0);
  const normalised = (value: Json, member = ""): Json => {
    if (Array.isArray(value)) return value.map((each) => normalised(each, member));
    if (typeof value !== "object" || value === null) {
      if (KINDS[member] !== undefined) return nameOf(KINDS[member], value);
      if (member !== "timestamp") return value;
      expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
      return "a time";
    }
    // A task, beside other things with an id.
    const { id, ...rest } = value;
    const own = typeof id === "string" && "status" in value ? { id: nameOf("task", id), ...rest } : value;
    return Object.fromEntries(
      Object.entries(own)
        .filter(([name, each]) => name === "data" || !isDefault(each))
        .map(([name, each]) => [name, name === "data" || name === "metadata" ? each : normalised(each, name)]),
    );
  };
  return normalised;
};

// 0.3's proto file has no name of a file.
const withoutFilenames = (value: Json): Json =>
  JSON.parse(JSON.stringify(value, (name, each) => (name === "filename" ? undefined : each)));
const hasFilenames = ({ version, binding }: Wire) => version === "1.0" || binding === "JSONRPC";

let count = 0;
const message = (parts: readonly Json[], more: Json = {}) => ({
  message: { messageId: `client-message-${++count}`, role: "ROLE_USER", parts, ...more },
});
const said = (text: string, more?: Json) => message([{ text }], more);

const INPUT = [
  { text: "Compare" },
  { data: { regions: ["north", "south"], top: 3 } },
  { raw: "MSwy", mediaType: "text/plain" },
  { url: "https://example.com/sales.json", mediaType: "application/json" },
];

interface Conversation {
  /** Streams, in the order of the conversation, event for event. */
  readonly streams: readonly (readonly Json[])[];
  readonly answers: Readonly<Record<string, Json>>;
  /** Of each stream, where `final` is true. */
  readonly finals: readonly (readonly boolean[])[];
  /** As 1.0 has it over JSON-RPC. */
  readonly stored: Json;
}

const converse = async (wire: Wire): Promise<Conversation> => {
  const begun = await all(await wire.open("SendStreamingMessage", message(INPUT, { metadata: { source: "test" } })));
  const { id, contextId } = begun[0].task;

  const asked = await wire.call("GetTask", { id });
  const short = await wire.call("GetTask", { id, historyLength: 1 });
  const hook = {
    ...{ taskId: id, id: "hook-1", url: "https://127.0.0.1:1/hook", token: "a-token" },
    authentication: { scheme: "Bearer", credentials: "a-secret" },
  };
  const configs = {
    created: await wire.call("CreateTaskPushNotificationConfig", hook),
    read: await wire.call("GetTaskPushNotificationConfig", { taskId: id, id: "hook-1" }),
    listed: await wire.call("ListTaskPushNotificationConfigs", { taskId: id }),
    deleted: await wire.call("DeleteTaskPushNotificationConfig", { taskId: id, id: "hook-1" }),
    deletedAgain: await wire.call("DeleteTaskPushNotificationConfig", { taskId: id, id: "hook-1" }),
  };

  const subscription = await wire.open("SubscribeToTask", { id });
  const answered = all(await wire.open("SendStreamingMessage", said("2024", { taskId: id })));
  const watched = all(subscription);
  const streams = [begun, await answered, await watched];
  const ended = await wire.call("GetTask", { id });

  const held = await wire.call("SendMessage", {
    ...said("hold", { contextId }),
    configuration: { returnImmediately: true },
  });
  // Until it works: what a cancel finds must not depend on who was quicker.
  for await (const { task, statusUpdate } of await wire.open("SubscribeToTask", { id: held.task.id }))
    if ((task ?? statusUpdate).status.state === "TASK_STATE_WORKING") break;
  const canceled = await wire.call("CancelTask", { id: held.task.id });
  const canceledAgain = await wire.call("CancelTask", { id: held.task.id });
  const quick = await wire.call("SendMessage", said("quick", { contextId }));
  const failed = await wire.call("SendMessage", {
    ...said("fail", { contextId }),
    configuration: { historyLength: 5 },
  });

  const [rpc] = wires as readonly [Wire];
  const normalised = createNormaliser();
  return normalised({
    streams: streams.map((events) => events.map((event) => ({ ...event, final: undefined }))),
    answers: { asked, short, ...configs, ended, canceled, canceledAgain, quick, failed },
    finals: streams.map((events) => events.map(({ final }) => final === true)),
    stored: await rpc.call("GetTask", { id }),
  });
};

describe("one conversation over each binding and version", () => {
  let conversations: ReadonlyMap<Wire, Conversation>;
  beforeAll(async () => {
    const entries: [Wire, Conversation][] = [];
    for (const wire of wires) entries.push([wire, await converse(wire)]);
    conversations = new Map(entries);
  });
  const first = () => [...conversations.values()][0] as Conversation;
  const others = () => [...conversations].slice(1);
  const as = (wire: Wire, value: Json) => (hasFilenames(wire) ? value : withoutFilenames(value));

  test("is one that has everything in it", () => {
    const { streams, stored } = first();
    const kinds = streams.map((events) => events.map((event) => Object.keys(event)[0]));
    const artifacts = ["artifactUpdate", "artifactUpdate", "artifactUpdate"];
    const rest = ["statusUpdate", "artifactUpdate", "statusUpdate", "artifactUpdate", "statusUpdate"];
    expect(kinds).toEqual([
      ["task", "statusUpdate", ...artifacts, "statusUpdate"],
      ["task", "statusUpdate", ...rest],
      ["task", "statusUpdate", ...rest],
    ]);
    const text = JSON.stringify(stored);
    for (const part of ['"data":null', '"data":["a",1,false,null]', '"raw":', '"url":', '"filename":"hello.txt"'])
      expect(text).toContain(part);
  });

  test("BIND-EQUIV-001: the same operations leave the same task", () => {
    for (const [{ name }, { stored }] of others()) expect(stored, name).toEqual(first().stored);
  });

  test("BIND-EQUIV-002: the same events come in the same order, with the same content", () => {
    for (const [wire, { streams }] of others()) expect(streams, wire.name).toEqual(as(wire, first().streams));
  });

  test("BIND-EQUIV-002: the same answers come", () => {
    for (const [wire, { answers }] of others())
      for (const [operation, answer] of Object.entries(answers))
        expect(answer, `${operation} over ${wire.name}`).toEqual(as(wire, first().answers[operation]));
  });

  test("`final` of 0.3 stands on the event that ends a stream, and on no other", () => {
    for (const [{ name, version }, { finals }] of conversations) {
      const expected = finals.map((each) => each.map((_, index) => version === "0.3" && index === each.length - 1));
      expect(finals, name).toEqual(expected);
    }
  });
});

test("BIND-EQUIV-002: a list is the same over the bindings that have one", async () => {
  const lists = [];
  for (const wire of wires.filter(({ version }) => version === "1.0")) {
    const { task } = await wire.call("SendMessage", said("quick"));
    await wire.call("SendMessage", said("fail", { contextId: task.contextId }));
    const { contextId } = task;
    const pages = [
      await wire.call("ListTasks", { contextId, includeArtifacts: true }),
      await wire.call("ListTasks", { contextId, status: "TASK_STATE_FAILED", historyLength: 0 }),
      await wire.call("ListTasks", { contextId, pageSize: 1 }),
    ];
    const { nextPageToken, ...page } = pages[2];
    expect(nextPageToken).not.toBe("");
    lists.push(
      createNormaliser()([
        pages[0],
        pages[1],
        page,
        await wire.call("ListTasks", { contextId, pageToken: nextPageToken, pageSize: 1 }),
      ]),
    );
  }
  expect(lists).toHaveLength(3);
  expect(lists[0][0].tasks).toHaveLength(2);
  expect(lists[1]).toEqual(lists[0]);
  expect(lists[2]).toEqual(lists[0]);
});

test("AC-1.6-follow-up: a repeated follow-up is answered, whatever its role", async () => {
  for (const wire of wires.filter(({ version }) => version === "1.0")) {
    const { task } = await wire.call("SendMessage", said("two"));
    for (const role of ["ROLE_AGENT", "ROLE_USER"]) {
      const follow = said(role, { taskId: task.id, role });
      await wire.call("SendMessage", follow);
      const again = await wire.call("SendMessage", follow);
      const { messageId } = follow.message;
      const times = again.task.history.filter((each: Json) => each.messageId === messageId).length;
      expect([times, again.task.status.state], `${role} over ${wire.name}`).toEqual([
        1,
        role === "ROLE_AGENT" ? "TASK_STATE_INPUT_REQUIRED" : "TASK_STATE_COMPLETED",
      ]);
    }
  }
});

test("an answer to one of several questions ends the exchange, blocking or streamed", async () => {
  for (const wire of wires) {
    const { task } = await wire.call("SendMessage", said("two"));
    const streamed = await all(await wire.open("SendStreamingMessage", said("first", { taskId: task.id })));
    expect(streamed.at(-1), wire.name).toMatchObject({ task: { status: { state: "TASK_STATE_INPUT_REQUIRED" } } });
    const ended = await all(await wire.open("SendStreamingMessage", said("second", { taskId: task.id })));
    expect(ended.at(-1).statusUpdate.status.state, wire.name).toBe("TASK_STATE_COMPLETED");
    const other = await wire.call("SendMessage", said("two"));
    const answered = await wire.call("SendMessage", said("first", { taskId: other.task.id }));
    expect(answered.task.status.state, wire.name).toBe("TASK_STATE_INPUT_REQUIRED");
    await wire.call("CancelTask", { id: other.task.id });
  }
});

/** Everything that a client can ask for, each request as `spell` writes it. */
const askedFor = async (wire: Wire, spell: (message: string, request: Json) => Json): Promise<Json> => {
  const call = (operation: string, request: Json, name = `${operation}Request`) =>
    wire.call(operation, spell(name, request));
  const hook = { url: "https://127.0.0.1:1/hook", authentication: { scheme: "Bearer" } };
  const configuration = { taskPushNotificationConfig: hook, historyLength: 2 };
  const { task } = await call("SendMessage", { ...message(INPUT), configuration });
  const { id: taskId, contextId } = task;
  const streamed = await all(await wire.open("SendStreamingMessage", spell("SendMessageRequest", said("quick"))));
  const config = { taskId, id: "hook-1", ...hook };
  const answers = {
    got: await call("GetTask", { id: taskId, historyLength: 1 }),
    // Of its tasks nobody else makes one.
    listed: await call("ListTasks", { contextId, status: "TASK_STATE_INPUT_REQUIRED", pageSize: 3 }),
    created: await call("CreateTaskPushNotificationConfig", config, "TaskPushNotificationConfig"),
    config: await call("GetTaskPushNotificationConfig", { taskId, id: "hook-1" }),
    configs: (await call("ListTaskPushNotificationConfigs", { taskId })).configs.length,
    deleted: await call("DeleteTaskPushNotificationConfig", { taskId, id: "hook-1" }),
    canceled: await call("CancelTask", { id: taskId }),
  };
  expect((await call("ListTasks", {})).totalSize).toBeGreaterThan(1);
  return createNormaliser()({ task, streamed, ...answers });
};

test.each(SPELLINGS)("BIND-EQUIV-002: a request is the same in every spelling of ProtoJSON: %s", async (spelling) => {
  const [first, ...others] = wires.filter(({ version }) => version === "1.0") as [Wire, ...Wire[]];
  const brief = await askedFor(first, (_, request) => request);
  const spell = await createSpeller(spelling);
  for (const wire of [first, ...others]) expect(await askedFor(wire, spell), wire.name).toEqual(brief);
});

test("BIND-EQUIV-003: what is required is refused when it is spelled out as empty", async () => {
  const empty: readonly (readonly [string, Json])[] = [
    ["GetTask", { id: "" }],
    ["CancelTask", { id: "" }],
    ["SendMessage", message([{ text: "x" }], { messageId: "" })],
    ["SendMessage", message([{ text: "x" }], { role: "ROLE_UNSPECIFIED" })],
    ["SendMessage", message([])],
    ["CreateTaskPushNotificationConfig", { taskId: "t", url: "" }],
  ];
  const isSaid = ({ binding }: Wire, operation: string) => binding !== "HTTP+JSON" || operation.startsWith("Send");
  for (const wire of wires.filter(({ version }) => version === "1.0"))
    for (const [operation, params] of empty.filter(([each]) => isSaid(wire, each)))
      expect(await refusal(wire, operation, params), `${operation} over ${wire.name}`).toEqual({
        ...{ reason: "INVALID_ARGUMENT", code: CODES["INVALID_ARGUMENT"]?.[wire.binding] },
      });
});

/** What the reason is on each binding (A2A 5.4). */
const CODES: Readonly<Record<string, Readonly<Record<Wire["binding"], number>>>> = {
  TASK_NOT_FOUND: { JSONRPC: -32001, "HTTP+JSON": 404, GRPC: 5 },
  TASK_NOT_CANCELABLE: { JSONRPC: -32002, "HTTP+JSON": 400, GRPC: 9 },
  UNSUPPORTED_OPERATION: { JSONRPC: -32004, "HTTP+JSON": 400, GRPC: 9 },
  CONFLICT: { JSONRPC: -32000, "HTTP+JSON": 409, GRPC: 10 },
  CONTENT_TYPE_NOT_SUPPORTED: { JSONRPC: -32005, "HTTP+JSON": 400, GRPC: 3 },
  UNAUTHENTICATED: { JSONRPC: -32000, "HTTP+JSON": 401, GRPC: 16 },
  INVALID_ARGUMENT: { JSONRPC: -32602, "HTTP+JSON": 400, GRPC: 3 },
};

const refusal = async (wire: Wire, operation: string, params: Json): Promise<WireError> => {
  const isStream = operation === "SendStreamingMessage" || operation === "SubscribeToTask";
  try {
    const answer = await (isStream ? wire.open(operation, params) : wire.call(operation, params));
    throw new Error(`${wire.name} took it: ${JSON.stringify(answer)}`);
  } catch (error) {
    if (error instanceof WireFailure) return error.answer;
    throw error;
  }
};

describe("errors", () => {
  let completed: string;
  let waiting: string;
  beforeAll(async () => {
    const [rpc] = wires as readonly [Wire];
    completed = (await rpc.call("SendMessage", said("quick", { messageId: "seen" }))).task.id;
    waiting = (await rpc.call("SendMessage", said("ask"))).task.id;
  });

  const config = { id: "c", url: "https://example.com/hook" };
  const cases: readonly (readonly [string, string, string, () => Json])[] = [
    ["TASK_NOT_FOUND", "an unknown task is read", "GetTask", () => ({ id: "nobody" })],
    ["TASK_NOT_FOUND", "an unknown task is canceled", "CancelTask", () => ({ id: "nobody" })],
    ["TASK_NOT_FOUND", "an unknown task is subscribed to", "SubscribeToTask", () => ({ id: "nobody" })],
    ["TASK_NOT_FOUND", "an unknown task is answered", "SendMessage", () => said("x", { taskId: "nobody" })],
    ["TASK_NOT_FOUND", "it is so as a stream", "SendStreamingMessage", () => said("x", { taskId: "nobody" })],
    ["TASK_NOT_FOUND", "webhooks of an unknown task", "ListTaskPushNotificationConfigs", () => ({ taskId: "nobody" })],
    ["TASK_NOT_FOUND", "one is made", "CreateTaskPushNotificationConfig", () => ({ ...config, taskId: "nobody" })],
    ["TASK_NOT_FOUND", "an unknown webhook", "GetTaskPushNotificationConfig", () => ({ taskId: waiting, id: "none" })],
    ["UNSUPPORTED_OPERATION", "a task that ended is answered", "SendMessage", () => said("x", { taskId: completed })],
    ["UNSUPPORTED_OPERATION", "it is so as a stream", "SendStreamingMessage", () => said("x", { taskId: completed })],
    ["UNSUPPORTED_OPERATION", "it is subscribed to", "SubscribeToTask", () => ({ id: completed })],
    ["TASK_NOT_CANCELABLE", "it is canceled", "CancelTask", () => ({ id: completed })],
    ["INVALID_ARGUMENT", "a message has no parts", "SendMessage", () => message([])],
    ["INVALID_ARGUMENT", "it is so as a stream", "SendStreamingMessage", () => message([])],
    ["INVALID_ARGUMENT", "a message has no id", "SendMessage", () => said("x", { messageId: "" })],
    [
      "INVALID_ARGUMENT",
      "a task in another context",
      "SendMessage",
      () => said("x", { taskId: waiting, contextId: "c" }),
    ],
    [
      ...(["CONFLICT", "a messageId seen before, in another context", "SendMessage"] as const),
      () => said("quick", { messageId: "seen", contextId: "another" }),
    ],
    [
      ...(["CONFLICT", "it is so as a stream", "SendStreamingMessage"] as const),
      () => said("quick", { messageId: "seen", contextId: "another" }),
    ],
    ["INVALID_ARGUMENT", "a negative length", "GetTask", () => ({ id: waiting, historyLength: -1 })],
    [
      ...(["INVALID_ARGUMENT", "a webhook that is no address", "CreateTaskPushNotificationConfig"] as const),
      () => ({ ...config, taskId: waiting, url: "nowhere" }),
    ],
    [
      ...(["CONTENT_TYPE_NOT_SUPPORTED", "nothing of what is accepted is offered", "SendMessage"] as const),
      () => ({ ...said("quick"), configuration: { acceptedOutputModes: ["image/png"] } }),
    ],
  ];

  test.each(cases)("BIND-EQUIV-003: %s: %s (%s)", async (reason, _, operation, params) => {
    for (const wire of wires) {
      const answer = await refusal(wire, operation, params());
      expect(answer, wire.name).toEqual({ reason, code: CODES[reason]?.[wire.binding] });
    }
  });
});

describe("authentication", () => {
  const ANN = "ann-has-a-key-of-her-own";
  const BOB = "bob-has-a-key-of-his-own";
  let node: RunningNode;
  beforeAll(async () => {
    node = await start("closed", [`${ANN} role=caller caller=ann`, `${BOB} role=caller caller=bob`]);
  });
  const refusals = async (given: readonly Wire[], operation: string, params: () => Json, reason: string) => {
    for (const wire of given) {
      const answer = await refusal(wire, operation, params());
      expect(answer, wire.name).toEqual({ reason, code: CODES[reason]?.[wire.binding] });
    }
  };

  test("BIND-EQUIV-004: who brings no credential, or a wrong one, is refused on every binding", async () => {
    const strangers = [...(await wiresTo(node)), ...(await wiresTo(node, { authorization: "Bearer somebody-elses" }))];
    await refusals(strangers, "SendMessage", () => said("quick"), "UNAUTHENTICATED");
    await refusals(strangers, "SendStreamingMessage", () => said("quick"), "UNAUTHENTICATED");
    await refusals(strangers, "GetTask", () => ({ id: "nobody" }), "UNAUTHENTICATED");
  });

  test.each([
    ["authorization", (key: string) => ({ authorization: `Bearer ${key}` })],
    ["x-api-key", (key: string) => ({ "x-api-key": key })],
  ])("BIND-EQUIV-004: a key in %s is taken on every binding, and shows its caller's tasks only", async (_, header) => {
    const bob = await wiresTo(node, header(BOB));
    for (const wire of await wiresTo(node, header(ANN))) {
      const { task } = await wire.call("SendMessage", said("quick"));
      expect(task.status.state, wire.name).toBe("TASK_STATE_COMPLETED");
      await refusals(bob, "GetTask", () => ({ id: task.id }), "TASK_NOT_FOUND");
      await refusals(bob, "SendMessage", () => said("more", { taskId: task.id }), "TASK_NOT_FOUND");
    }
  });
});

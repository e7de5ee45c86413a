import { TaskPushNotificationConfig } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createRecordingLogger } from "@agentcore/core/testing";
import { describe, expect, it } from "vitest";
import { createFixture, describeAgent, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { createPushConfigs } from "../../push/push-configs.ts";
import { PushStore } from "../../push/push-store.ts";
import { createIds, systemClock } from "../../system-senses.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

const URL = "https://example.com/hook?secret=1";
const AUTHENTICATION = { scheme: "Bearer", credentials: "abc.def" };

const pushFixture = (limits: { maxOpenPerCaller?: number; maxOpenPerTenant?: number } = {}) => {
  const clock = systemClock;
  const store = new PushStore(createMemoryKeyValue({ clock }), createRecordingLogger());
  const push = createPushConfigs({ store, clock, ids: createIds(), ...limits });
  const apiKeys = parseApiKeys(["a".repeat(20), "b".repeat(20), `${"o".repeat(20)} role=operator`]);
  const fixture = createFixture({ push, apiKeys }, [describeAgent("echo"), describeAgent("other")]);
  const as = (key: string) => ({ headers: { authorization: `Bearer ${key.repeat(20)}` } });
  const hold = async (who = as("a")) => {
    const params = { ...userMessage("hold"), configuration: { returnImmediately: true } };
    return (await fixture.result("SendMessage", params, who)).task.id as string;
  };
  const stored = async () => {
    const found = [];
    for await (const { key, record } of store.all("default")) found.push({ ...key, ...record });
    return found;
  };
  return { ...fixture, ann: as("a"), bob: as("b"), operator: as("o"), hold, stored };
};

describe("push configurations over JSON-RPC", () => {
  it("are created, read, listed and deleted; what is unset is left out", async () => {
    const { result, error, ann, hold } = pushFixture();
    const taskId = await hold();
    const made = await result("CreateTaskPushNotificationConfig", { taskId, url: URL, token: "", id: "" }, ann);
    expect(made).toEqual({ id: expect.stringMatching(/./), taskId, url: URL });
    const full = { taskId, id: "mine", url: URL, token: "t", authentication: AUTHENTICATION };
    expect(await result("CreateTaskPushNotificationConfig", full, ann)).toEqual(full);
    expect(TaskPushNotificationConfig.strict().parse(full)).toEqual(full);
    expect(await result("GetTaskPushNotificationConfig", { taskId, id: "mine" }, ann)).toEqual(full);
    const listed = await result("ListTaskPushNotificationConfigs", { taskId }, ann);
    expect(listed).toEqual({ configs: expect.arrayContaining([made, full]), nextPageToken: "" });
    expect(await result("DeleteTaskPushNotificationConfig", { taskId, id: "mine" }, ann)).toEqual({});
    expect(await result("DeleteTaskPushNotificationConfig", { taskId, id: "mine" }, ann)).toEqual({});
    expect((await error("GetTaskPushNotificationConfig", { taskId, id: "mine" }, ann)).code).toBe(-32001);
  });

  it("take snake_case, and list in pages", async () => {
    const { result, error, ann, hold } = pushFixture();
    const taskId = await hold();
    for (const id of ["c", "a", "b"])
      await result("CreateTaskPushNotificationConfig", { task_id: taskId, id, url: URL }, ann);
    const first = await result("ListTaskPushNotificationConfigs", { task_id: taskId, page_size: 2 }, ann);
    expect(first.configs.map(({ id }: { id: string }) => id)).toEqual(["a", "b"]);
    const pageToken = first.nextPageToken;
    const second = await result("ListTaskPushNotificationConfigs", { taskId, pageSize: 2, pageToken }, ann);
    expect(second.configs.map(({ id }: { id: string }) => id)).toEqual(["c"]);
    expect(second.nextPageToken).toBe("");
    for (const bad of [{ pageSize: -1 }, { pageSize: 101 }, { pageToken: "%" }])
      expect((await error("ListTaskPushNotificationConfigs", { taskId, ...bad }, ann)).code).toBe(-32602);
  });

  it("the same id changes a configuration and keeps how far it came", async () => {
    const { result, ann, hold, stored } = pushFixture();
    const taskId = await hold();
    await result("CreateTaskPushNotificationConfig", { taskId, id: "x", url: URL, token: "old" }, ann);
    const [before] = await stored();
    await result("CreateTaskPushNotificationConfig", { taskId, id: "x", url: "https://example.org" }, ann);
    const after = await stored();
    expect(after).toEqual([{ ...before, config: { taskId, id: "x", url: "https://example.org" } }]);
  });

  it.each([
    ["no URL", { url: undefined }],
    ["nothing of a URL", { url: "not a url" }],
    ["another scheme", { url: "ftp://example.com" }],
    ["a file", { url: "file:///etc/passwd" }],
    ["a user", { url: "https://ann:secret@example.com" }],
    ["a user behind backslashes", { url: "https:\\\\ann@example.com" }],
    ["a user without slashes", { url: "https:ann@example.com" }],
    ["a line break in the URL", { url: "https://example.com/\r\nx: y" }],
    ["a long URL", { url: `https://example.com/${"x".repeat(2048)}` }],
    ["a line break in the token", { token: "a\r\nx-evil: 1" }],
    ["a token beyond ASCII", { token: "ü" }],
    ["a line break in the credentials", { authentication: { scheme: "Bearer", credentials: "a\nb" } }],
    ["a line break in the scheme", { authentication: { scheme: "Bearer\r\nx: y", credentials: "a" } }],
    ["no scheme", { authentication: { credentials: "a" } }],
    ["two schemes in one", { authentication: { scheme: "Bearer Basic", credentials: "a" } }],
    ["much of a token", { token: "x".repeat(4097) }],
    ["much of credentials", { authentication: { scheme: "Bearer", credentials: "x".repeat(8193) } }],
    ["a control character in the id", { id: "a\u0000" }],
    ["no task", { taskId: undefined }],
  ])("refuse %s, in a message too", async (_, bad) => {
    const { error, ann, hold, tasks, stored } = pushFixture();
    const taskId = await hold();
    const config = { taskId, url: URL, ...bad };
    expect((await error("CreateTaskPushNotificationConfig", config, ann)).code).toBe(-32602);
    if ("taskId" in bad) return;
    const configuration = { taskPushNotificationConfig: { ...config, taskId: undefined } };
    expect((await error("SendMessage", { ...userMessage("x"), configuration }, ann)).code).toBe(-32602);
    expect(tasks.tasks.size).toBe(1);
    expect(await stored()).toEqual([]);
  });

  it("take names that may resolve to anything, and addresses, which are judged when they are called", async () => {
    const { result, ann, hold } = pushFixture();
    const taskId = await hold();
    for (const url of ["http://127.0.0.1:1/x", "https://nowhere.invalid", "http://[::1]/", "HTTPS://Example.com?a=b@c"])
      expect((await result("CreateTaskPushNotificationConfig", { taskId, url }, ann)).url).toBe(url);
  });

  it("belong to whoever sees the task: to others neither is there", async () => {
    const { result, error, ann, bob, operator, hold } = pushFixture();
    const taskId = await hold();
    await result("CreateTaskPushNotificationConfig", { taskId, id: "x", url: URL }, ann);
    const other = { ...ann, path: "/a2a/other" };
    for (const who of [bob, other]) {
      expect((await error("CreateTaskPushNotificationConfig", { taskId, url: URL }, who)).code).toBe(-32001);
      expect((await error("GetTaskPushNotificationConfig", { taskId, id: "x" }, who)).code).toBe(-32001);
      expect((await error("ListTaskPushNotificationConfigs", { taskId }, who)).code).toBe(-32001);
      expect((await error("DeleteTaskPushNotificationConfig", { taskId, id: "x" }, who)).code).toBe(-32001);
    }
    expect((await error("GetTaskPushNotificationConfig", { taskId, id: "x", tenant: "acme" }, ann)).code).toBe(-32000);
    expect((await result("GetTaskPushNotificationConfig", { taskId, id: "x" }, operator)).id).toBe("x");
  });

  it("of an operator are hidden from the task's owner, who cannot take their ids", async () => {
    const { result, error, ann, operator, hold } = pushFixture();
    const taskId = await hold();
    await result("CreateTaskPushNotificationConfig", { taskId, id: "o", url: URL, token: "hidden" }, operator);
    expect(await result("ListTaskPushNotificationConfigs", { taskId }, ann)).toEqual({
      configs: [],
      nextPageToken: "",
    });
    expect((await error("GetTaskPushNotificationConfig", { taskId, id: "o" }, ann)).code).toBe(-32001);
    expect((await error("CreateTaskPushNotificationConfig", { taskId, id: "o", url: URL }, ann)).data[0].reason).toBe(
      "CONFLICT",
    );
    await result("DeleteTaskPushNotificationConfig", { taskId, id: "o" }, ann);
    expect((await result("GetTaskPushNotificationConfig", { taskId, id: "o" }, operator)).token).toBe("hidden");
  });

  it("are at most 20 a task, and as many a caller and a tenant as are allowed; a message that brings one too many begins nothing", async () => {
    const { result, error, ann, bob, hold, tasks } = pushFixture({ maxOpenPerCaller: 22, maxOpenPerTenant: 23 });
    const taskId = await hold();
    const create = (id: string, task: string) => ({ taskId: task, id, url: URL });
    for (let index = 0; index < 20; index++)
      await result("CreateTaskPushNotificationConfig", create(`c${index}`, taskId), ann);
    const refused = await error("CreateTaskPushNotificationConfig", create("one more", taskId), ann);
    expect(refused.message).toContain("20 push configurations");
    await result("CreateTaskPushNotificationConfig", create("c3", taskId), ann);
    const other = await hold();
    await result("CreateTaskPushNotificationConfig", create("a", other), ann);
    await result("CreateTaskPushNotificationConfig", create("b", other), ann);
    const message = { ...userMessage("x"), configuration: { taskPushNotificationConfig: { url: URL } } };
    expect((await error("SendMessage", message, ann)).data[0].reason).toBe("OVERLOADED");
    expect(tasks.tasks.size).toBe(2);
    await result("SendMessage", message, bob);
    expect((await error("SendMessage", { ...message, ...userMessage("y") }, bob)).data[0].reason).toBe("OVERLOADED");
  });
});

describe("a configuration in a message", () => {
  const configuration = { taskPushNotificationConfig: { url: URL, authentication: AUTHENTICATION } };

  it("is registered for the new task from its first event on, once also when the message is repeated", async () => {
    const { result, ann, stored } = pushFixture();
    const params = { ...userMessage("done"), configuration };
    const { task } = await result("SendMessage", params, ann);
    await result("SendMessage", params, ann);
    expect(await stored()).toMatchObject([
      { taskId: task.id, from: 1, acknowledged: 0, version: "1.0", state: "open" },
    ]);
    const listed = await result("ListTaskPushNotificationConfigs", { taskId: task.id }, ann);
    expect(listed.configs).toMatchObject([{ url: URL, authentication: AUTHENTICATION }]);
  });

  it("is made by a repeated message when it is not there any more, and begins with the task as it is", async () => {
    const { result, ann, stored, tasks } = pushFixture();
    const params = { ...userMessage("done"), configuration };
    const { task } = await result("SendMessage", params, ann);
    const [{ configId } = { configId: "" }] = await stored();
    await result("DeleteTaskPushNotificationConfig", { taskId: task.id, id: configId }, ann);
    await result("SendMessage", params, ann);
    const { length } = tasks.tasks.get(task.id)?.events ?? [];
    expect(length).toBeGreaterThan(1);
    expect(await stored()).toMatchObject([{ taskId: task.id, configId, from: length }]);
  });

  it("is registered for a stream, and for a follow-up from before what comes of it", async () => {
    const { result, rpc, ann, stored, tasks } = pushFixture();
    const stream = await rpc("SendStreamingMessage", { ...userMessage("done"), configuration }, ann);
    await stream.text();
    expect(await stored()).toMatchObject([{ from: 1 }]);
    const { task } = await result("SendMessage", userMessage("ask"), ann);
    const { length } = tasks.tasks.get(task.id)?.events ?? [];
    await result("SendMessage", { ...userMessage("blue", { taskId: task.id }), configuration }, ann);
    expect(await stored()).toContainEqual(expect.objectContaining({ taskId: task.id, from: length }));
  });

  it("stays nowhere when the message is refused", async () => {
    const { error, ann, stored, tasks } = pushFixture();
    const foreign = { taskPushNotificationConfig: { url: URL, tenant: "acme" } };
    expect((await error("SendMessage", { ...userMessage("x"), configuration: foreign }, ann)).code).toBe(-32000);
    expect(tasks.tasks.size).toBe(0);
    await error("SendMessage", { ...userMessage("x", { taskId: "nobody" }), configuration }, ann);
    const png = { parts: [{ raw: "aGk=", mediaType: "image/png" }] };
    await error("SendMessage", { ...userMessage("x", png), configuration }, ann);
    expect(await stored()).toEqual([]);
  });
});

describe("push configurations over HTTP+JSON", () => {
  it("201 for a new one, 200 to read, 204 to delete, 404 for what is not there", async () => {
    const { call, hold, ann } = pushFixture();
    const taskId = await hold();
    const path = `/a2a/echo/tasks/${taskId}/pushNotificationConfigs`;
    const headers = { ...ann.headers, "a2a-version": "1.0", "content-type": "application/json" };
    const body = JSON.stringify({ id: "a/b", url: URL, task_id: "another", authentication: AUTHENTICATION });
    const created = await call(path, { method: "POST", headers, body });
    expect(created.status).toBe(201);
    const config = { id: "a/b", taskId, url: URL, authentication: AUTHENTICATION };
    expect(await created.json()).toEqual(config);
    const read = await call(`${path}/a%2Fb`, { headers });
    expect(read.status).toBe(200);
    expect(await read.json()).toEqual(config);
    const listed = await call(`${path}?pageSize=1&pageToken=`, { headers });
    expect(await listed.json()).toEqual({ configs: [config], nextPageToken: "" });
    for (let times = 0; times < 2; times++) {
      const deleted = await call(`${path}/a%2Fb`, { method: "DELETE", headers });
      expect([deleted.status, await deleted.text()]).toEqual([204, ""]);
    }
    expect((await call(`${path}/a%2Fb`, { headers })).status).toBe(404);
    expect((await call(`/a2a/echo/default/tasks/${taskId}/pushNotificationConfigs`, { headers })).status).toBe(200);
    expect((await call(`${path}/`, { headers })).status).toBe(404);
    expect((await call(path, { method: "DELETE", headers })).status).toBe(405);
    expect((await call(path, { method: "POST", headers })).status).toBe(400);
  });
});

it("the API tells whose configurations they are how far they came, and no more of the URL than its host", async () => {
  const { call, result, ann, bob, hold } = pushFixture();
  const taskId = await hold();
  await result("CreateTaskPushNotificationConfig", { taskId, id: "x", url: URL, token: "hidden" }, ann);
  const told = await (await call(`/api/v1/tasks/${taskId}/webhooks`, ann)).json();
  const state = { state: "open", acknowledged: 0, attempts: 0, nextAttemptAt: null, lastError: null };
  expect(told).toEqual({ webhooks: [{ id: "x", host: "example.com", ...state }] });
  expect((await call(`/api/v1/tasks/${taskId}/webhooks`, bob)).status).toBe(404);
});

it("CORE-CAP-001: cards declare push notifications", async () => {
  const { call } = createFixture();
  const card = await (await call("/.well-known/agent-card.json")).json();
  expect(card.capabilities.pushNotifications).toBe(true);
});

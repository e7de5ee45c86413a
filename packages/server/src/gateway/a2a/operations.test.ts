import { describe, expect, it } from "vitest";
import { createFixture, describeAgent, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

describe("SendMessage", () => {
  it("CORE-EXECUTION-MODE-001: waits by default until the task has ended and returns its artifacts", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", userMessage("hello"));
    expect(task.status.state).toBe("TASK_STATE_COMPLETED");
    expect(task.artifacts).toEqual([{ artifactId: "output", name: "output", parts: [{ text: "hello" }] }]);
    expect(Object.keys(task).toSorted()).toEqual(["artifacts", "contextId", "history", "id", "status"]);
  });

  it("CORE-EXECUTION-MODE-001: returns an interrupted task as well", async () => {
    const { result } = createFixture();
    expect((await result("SendMessage", userMessage("ask"))).task.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    expect((await result("SendMessage", userMessage("authorize"))).task.status.state).toBe("TASK_STATE_AUTH_REQUIRED");
  });

  it("CORE-EXECUTION-MODE-002: returnImmediately does not wait", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", {
      ...userMessage("hold"),
      configuration: { returnImmediately: true },
    });
    expect(task.status.state).toBe("TASK_STATE_WORKING");
  });

  it("CORE-HIST-001..003: historyLength 0 leaves the member out, N keeps the newest N", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", { ...userMessage("ask"), configuration: { historyLength: 0 } });
    expect(task).not.toHaveProperty("history");
    const one = await result("GetTask", { id: task.id, historyLength: 1 });
    expect(one.history).toHaveLength(1);
    expect(one.history[0].role).toBe("ROLE_AGENT");
    expect((await result("GetTask", { id: task.id })).history).toHaveLength(2);
  });

  it("CORE-MULTI-001a: makes a context and keeps the one given", async () => {
    const { result } = createFixture();
    expect((await result("SendMessage", userMessage("a"))).task.contextId).toMatch(/./);
    expect((await result("SendMessage", userMessage("a", { contextId: "mine" }))).task.contextId).toBe("mine");
  });

  it("a follow-up waits for what comes after it, not for the state from before it", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    const answered = await result("SendMessage", userMessage("blue", { taskId: task.id }));
    expect(answered.task.status.state).toBe("TASK_STATE_COMPLETED");
    expect(answered.task.artifacts[0].parts).toEqual([{ text: "blue" }]);
  });

  it("a follow-up to a task that waits for access is answered at once: it grants nothing", async () => {
    const { result, post } = createFixture();
    const { task } = await result("SendMessage", userMessage("authorize"));
    const told = await result("SendMessage", userMessage("yes, you may", { taskId: task.id }));
    expect(told.task.status.state).toBe("TASK_STATE_AUTH_REQUIRED");
    expect(told.task.history.at(-1).parts).toEqual([{ text: "yes, you may" }]);
    expect((await post(`/api/v1/tasks/${task.id}/authorize`, {})).status).toBe(202);
    expect((await result("GetTask", { id: task.id })).status.state).toBe("TASK_STATE_COMPLETED");
  });

  it.each([
    "ROLE_USER",
    // A2A does not forbid it.
    "ROLE_AGENT",
  ])("a repeated follow-up, also after the task's end, is answered and not sent again (%s)", async (role) => {
    const { result, tasks } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    const params = userMessage("blue", { taskId: task.id, role });
    await result("SendMessage", params);
    expect((await result("SendMessage", params)).task.status.state).toBe("TASK_STATE_COMPLETED");
    expect(tasks.sent).toHaveLength(1);
  });

  it("the same messageId gives the same task", async () => {
    const { result, tasks } = createFixture();
    const params = userMessage("once");
    const first = await result("SendMessage", params);
    expect((await result("SendMessage", params)).task.id).toBe(first.task.id);
    expect(tasks.tasks.size).toBe(1);
  });

  it("CORE-SEND-002: a message to an ended task is an UnsupportedOperation", async () => {
    const { result, error } = createFixture();
    const { task } = await result("SendMessage", userMessage("done"));
    expect(await error("SendMessage", userMessage("more", { taskId: task.id }))).toMatchObject({
      code: -32004,
      data: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "UNSUPPORTED_OPERATION",
          domain: "a2a-protocol.org",
        },
      ],
    });
  });

  it("CORE-MULTI-004, CORE-MULTI-006: an unknown task is not found, another context is refused", async () => {
    const { result, error } = createFixture();
    expect((await error("SendMessage", userMessage("x", { taskId: "nobody" }))).code).toBe(-32001);
    const { task } = await result("SendMessage", userMessage("ask"));
    expect((await error("SendMessage", userMessage("x", { taskId: task.id, contextId: "other" }))).code).toBe(-32602);
  });

  it("CORE-SEND-003: refuses media types the agent does not take, and never a part without one", async () => {
    const { error, result } = createFixture({}, [describeAgent("echo", { inputModes: ["text/*"] })]);
    const png = { message: { messageId: "m", role: "ROLE_USER", parts: [{ raw: "aGk=", mediaType: "image/png" }] } };
    expect((await error("SendMessage", png)).code).toBe(-32005);
    await result("SendMessage", { message: { messageId: "n", role: "ROLE_USER", parts: [{ raw: "aGk=" }] } });
    await result("SendMessage", {
      message: { messageId: "o", role: "ROLE_USER", parts: [{ text: "x", mediaType: "Text/Markdown; charset=utf-8" }] },
    });
  });

  it("a client that goes away ends the wait and cancels nothing", async () => {
    const { rpc, tasks } = createFixture();
    const controller = new AbortController();
    const answer = rpc("SendMessage", userMessage("hold"), { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort();
    await answer;
    expect(tasks.cancels).toBe(0);
    expect([...tasks.tasks.values()][0]?.state).toBe("working");
  });

  it("takes snake_case, but leaves the user's own keys alone", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", {
      message: {
        message_id: "s1",
        context_id: "c1",
        role: "ROLE_USER",
        parts: [{ data: { my_key: 1 }, media_type: "application/json" }],
        metadata: { a_b: 2 },
      },
      configuration: { history_length: 5, return_immediately: false },
    });
    expect(task.contextId).toBe("c1");
    expect(task.artifacts[0].parts).toEqual([{ data: { my_key: 1 } }]);
    expect(task.history[0].metadata).toEqual({ a_b: 2 });
  });
});

describe("ListTasks", () => {
  it("CORE-LIST-005: artifacts are absent unless asked for; paging tells its size", async () => {
    const { result } = createFixture();
    for (const text of ["a", "b", "c"]) await result("SendMessage", userMessage(text));
    const first = await result("ListTasks", { page_size: 2 });
    expect(first).toMatchObject({ pageSize: 2, totalSize: 3 });
    expect(first.tasks).toHaveLength(2);
    expect(first.tasks[0]).not.toHaveProperty("artifacts");
    const second = await result("ListTasks", { pageSize: 2, pageToken: first.nextPageToken, includeArtifacts: true });
    expect(second.nextPageToken).toBe("");
    expect(second.tasks[0].artifacts).toHaveLength(1);
  });

  it("filters by state and inclusive time; refuses bad sizes, states and tokens", async () => {
    const { result, error } = createFixture();
    const { task } = await result("SendMessage", userMessage("ask"));
    await result("SendMessage", userMessage("done"));
    expect(
      (await result("ListTasks", { status: "TASK_STATE_INPUT_REQUIRED" })).tasks.map((one: { id: string }) => one.id),
    ).toEqual([task.id]);
    expect((await result("ListTasks", { statusTimestampAfter: task.status.timestamp })).tasks).toHaveLength(2);
    for (const bad of [
      { pageSize: 0 },
      { pageSize: 101 },
      { status: "done" },
      { pageToken: "x" },
      { historyLength: -1 },
    ]) {
      expect((await error("ListTasks", bad)).code).toBe(-32602);
    }
  });
});

describe("CancelTask and others", () => {
  it("returns the canceled task, again and again", async () => {
    const { result } = createFixture();
    const { task } = await result("SendMessage", {
      ...userMessage("hold"),
      configuration: { returnImmediately: true },
    });
    expect((await result("CancelTask", { id: task.id })).status.state).toBe("TASK_STATE_CANCELED");
    expect((await result("CancelTask", { id: task.id })).status.state).toBe("TASK_STATE_CANCELED");
  });

  it("CORE-CANCEL-002: an ended task is not cancelable", async () => {
    const { result, error } = createFixture();
    const { task } = await result("SendMessage", userMessage("done"));
    expect((await error("CancelTask", { id: task.id })).code).toBe(-32002);
  });

  it("CORE-CAP-003: an extended card is declined by name", async () => {
    const { error } = createFixture();
    expect((await error("GetExtendedAgentCard", undefined)).code).toBe(-32004);
  });

  it("another agent's task is not found, nor is another caller's", async () => {
    const apiKeys = parseApiKeys(["a".repeat(20), "b".repeat(20)]);
    const { result, error } = createFixture({ apiKeys }, [describeAgent("echo"), describeAgent("other")]);
    const ann = { headers: { authorization: `Bearer ${"a".repeat(20)}` } };
    const bob = { headers: { "x-api-key": "b".repeat(20) } };
    const { task } = await result("SendMessage", userMessage("ask"), ann);
    expect((await error("GetTask", { id: task.id }, { ...ann, path: "/a2a/other" })).code).toBe(-32001);
    expect((await error("GetTask", { id: task.id }, bob)).code).toBe(-32001);
    expect((await result("ListTasks", {}, bob)).totalSize).toBe(0);
    expect((await error("GetTask", { id: task.id, tenant: "acme" }, ann)).code).toBe(-32000);
  });
});

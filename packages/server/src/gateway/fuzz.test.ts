import { LEGACY_METHODS } from "@agentcore/a2a/legacy";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createFixture } from "../../test/gateway/gateway-fixture.ts";
import { A2A_METHODS } from "./a2a/methods.ts";

const { gateway, errors, tasks } = createFixture({ settings: { cancelWaitMs: 1, heartbeatMs: 1000 } });

const word = fc.oneof(
  fc.constantFrom(
    "echo",
    "tasks",
    "task-1",
    "task-1:cancel",
    "message:send",
    "default",
    "api",
    "v1",
    "events",
    "%",
    "%00",
    "..",
    "{id}",
    "a2a",
  ),
  fc.string(),
);
const path = fc.oneof(
  fc.constantFrom(
    "/a2a/echo",
    "/a2a/echo/message:send",
    "/a2a/echo/message:stream",
    "/a2a/echo/tasks",
    "/a2a/echo/v1/message:send",
    "/a2a/echo/v1/message:stream",
    "/a2a/echo/v1/tasks/task-1",
    "/a2a/echo/v1/tasks/task-1:subscribe",
    "/a2a/echo/v1/tasks/task-1/pushNotificationConfigs",
    "/api/v1/tasks",
    "/api/v1/manifests",
    "/api/v1/tasks/task-1/messages",
    "/schemas/task.json",
  ),
  fc.array(word, { maxLength: 5 }).map((words) => `/${words.map((text) => text.replace(/[?#]/g, "")).join("/")}`),
);
const query = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom("?pageSize=-1", "?after=1e9", "?A2A-Version=9", "?state=x", "?historyLength=99999999999"),
);
const part = fc.record(
  {
    kind: fc.constantFrom("text", "file", "data", "x"),
    text: fc.string(),
    data: fc.jsonValue(),
    file: fc.oneof(
      fc.record(
        { uri: fc.string(), bytes: fc.base64String(), fileWithUri: fc.string(), name: fc.string() },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    ),
    metadata: fc.constantFrom({ data_part_compat: true }, {}, 1),
  },
  { requiredKeys: [] },
);
const parts = fc.oneof(fc.array(part), fc.jsonValue());
const message = fc.record(
  {
    kind: fc.constantFrom("message", "message", "task"),
    messageId: fc.oneof(fc.string(), fc.anything()),
    role: fc.constantFrom("ROLE_USER", "ROLE_AGENT", "user", 1),
    parts,
    content: parts,
    task_id: fc.constantFrom("task-1", "x", ""),
    contextId: fc.string(),
    metadata: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const params = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      id: fc.constantFrom("task-1", "task-2", "", "x"),
      message,
      configuration: fc.record({
        returnImmediately: fc.constant(true),
        blocking: fc.constant(false),
        historyLength: fc.integer(),
      }),
      historyLength: fc.oneof(fc.integer(), fc.string()),
      tenant: fc.constantFrom("", "default", "x"),
    },
    { requiredKeys: [] },
  ),
);
const rpc = fc.record({
  jsonrpc: fc.constantFrom("2.0", "1.0", 2),
  id: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
  method: fc.oneof(fc.constantFrom(...Object.keys(A2A_METHODS), ...Object.keys(LEGACY_METHODS)), fc.string()),
  params,
});
const body = fc.oneof(
  rpc.map(text),
  rpc.map(text),
  params.map(text),
  fc.string(),
  fc.constantFrom('{"__proto__":{"a":1}}', "a: &a [*a]", "\u0000"),
);
const headers = fc.record(
  {
    "content-type": fc.constantFrom(
      "application/json",
      "application/json",
      "application/json; charset=utf-8",
      "application/yaml",
      "text/plain",
      ";",
    ),
    "a2a-version": fc.constantFrom("1.0", "1.0", "1.0.3", "0.3", "0.3", "", "x"),
    accept: fc.constantFrom("*/*", "text/event-stream"),
    "last-event-id": fc.constantFrom("1", "0", "-1", "x", "99999999999999999999"),
    "content-length": fc.constantFrom("0", "-1", "x", "5"),
    "if-modified-since": fc.string().map(encodeURIComponent),
  },
  { requiredKeys: ["content-type", "a2a-version"] },
);

function text(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "[]";
  }
}

it("no request brings a 5xx, a rejection, a page or a stack", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("POST", "POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS"),
      path,
      query,
      body,
      headers,
      async (method, at, search, content, init) => {
        const url = `http://localhost${at}${search}`;
        if (!URL.canParse(url) || new URL(url).hostname !== "localhost") return;
        const controller = new AbortController();
        const request = new Request(url, {
          method,
          headers: init as Record<string, string>,
          signal: controller.signal,
          ...(method === "GET" || method === "HEAD" ? {} : { body: content }),
        });
        const pending = gateway.fetch(request);
        // A call may wait for a task that waits for someone; its client then loses patience.
        const patience = setTimeout(() => controller.abort(), 20);
        const response = await pending;
        clearTimeout(patience);
        expect(response.status).toBeLessThan(500);
        // The one page there is.
        if (new URL(url).pathname !== "/") expect(response.headers.get("content-type") ?? "").not.toContain("html");
        if (response.headers.get("content-type") === "text/event-stream") await response.body?.cancel();
        else expect(await response.text()).not.toMatch(/\n\s+at |\.ts:\d/);
      },
    ),
    { numRuns: 4000 },
  );
  expect(errors).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(gateway.openStreams).toBe(0);
  expect(tasks.readers).toBe(0);
});

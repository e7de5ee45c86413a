import { describe, expect, it } from "vitest";
import { createFixture, readSse } from "../../../test/gateway/gateway-fixture.ts";

const submit = (input: unknown, more: Record<string, unknown> = {}) => ({ target: "agent:echo", input, ...more });

describe("tasks", () => {
  it("submits, with wait returns the ended task, and knows its idempotency key", async () => {
    const { post } = createFixture();
    const waited = await post("/api/v1/tasks", submit("hi", { wait: true, idempotencyKey: "k" }));
    expect(waited.status).toBe(201);
    const body = await waited.json();
    expect(body).toMatchObject({
      existing: false,
      head: { state: "completed" },
      task: { status: { state: "TASK_STATE_COMPLETED" } },
    });
    const again = await post("/api/v1/tasks", submit("hi", { idempotencyKey: "k" }));
    expect([again.status, (await again.json()).head.taskId]).toEqual([200, body.head.taskId]);
  });

  it("takes a priority, normal when none is stated, and says which there are", async () => {
    const { post } = createFixture();
    const head = async (more: Record<string, unknown>) =>
      (await (await post("/api/v1/tasks", submit("hi", more))).json()).head;
    expect(await head({})).toMatchObject({ priority: "normal" });
    expect(await head({ priority: "low" })).toMatchObject({ priority: "low" });
    const refused = await post("/api/v1/tasks", submit("hi", { priority: "asap" }));
    expect(refused.status).toBe(400);
    const { error } = await refused.json();
    expect(error.violations).toEqual([
      { field: "priority", description: expect.stringMatching(/low, normal, high,? (or )?urgent/) },
    ]);
  });

  it("lists by state, answers, cancels; retries parked tasks only", async () => {
    const { post, get } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("ask"))).json()).head;
    const listed = await (await get("/api/v1/tasks?state=input-required,parked&pageSize=5")).json();
    expect(listed.heads.map((head: { taskId: string }) => head.taskId)).toEqual([taskId]);
    expect((await post(`/api/v1/tasks/${taskId}/retry`, {})).status).toBe(409);
    expect((await post(`/api/v1/tasks/${taskId}/messages`, { text: "hold" })).status).toBe(202);
    expect((await post(`/api/v1/tasks/${taskId}/messages`, { text: "a", data: 1 })).status).toBe(400);
    expect((await post(`/api/v1/tasks/${taskId}/cancel`, { reason: "enough" })).status).toBe(202);
    const page = await (await get(`/api/v1/tasks/${taskId}/events?after=1&limit=1`)).json();
    expect(page).toMatchObject({ events: [{ seq: 2, type: "task.started" }], nextAfter: 2 });
  });

  it("replays and forks for operators, and says what is wrong with a request", async () => {
    const { post } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hi"))).json()).head;
    const replayed = await post(`/api/v1/tasks/${taskId}/replay`, { revision: "current" });
    expect([replayed.status, await replayed.json()]).toMatchObject([200, { agrees: true, revision: "current" }]);
    const forked = await post(`/api/v1/tasks/${taskId}/fork`, { at: 2, input: "ask" });
    const body = await forked.json();
    expect([forked.status, body]).toMatchObject([201, { at: 2, existing: false, head: { state: "input-required" } }]);
    expect(forked.headers.get("location")).toBe(`/api/v1/tasks/${body.head.taskId}`);
    const set = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`step:${index}`, index]));
    for (const wrong of [{ at: 0 }, { at: 1.5 }, { set: [] }, { set }, { revision: "" }, { more: 1 }])
      expect((await post(`/api/v1/tasks/${taskId}/fork`, wrong)).status).toBe(400);
    expect((await post("/api/v1/tasks/none/replay", {})).status).toBe(404);
  });

  it("runs a revision, or a manifest that is not applied, over the open tasks of its agent for operators", async () => {
    const { post } = createFixture();
    const path = "/api/v1/agents/echo/replay";
    const current = await post(path, {});
    expect([current.status, await current.json()]).toMatchObject([
      200,
      { agent: "echo", revision: "current", tasks: [] },
    ]);
    expect(await (await post(path, { revision: "r7", from: "r1" })).json()).toMatchObject({ revision: "r7" });
    expect(await (await post(path, { manifest: { kind: "Agent" } })).json()).toMatchObject({ revision: "r2" });
    expect((await post("/api/v1/agents/other/replay", { manifest: { kind: "Agent" } })).status).toBe(400);
    for (const wrong of [{ pageSize: 0 }, { revision: "r1", manifest: {} }, { manifest: [] }, { more: 1 }])
      expect((await post(path, wrong)).status).toBe(400);
  });

  it("lists checkpoints, sets breakpoints and lets calls go on", async () => {
    const { post, get } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hi"))).json()).head;
    const at = `/api/v1/tasks/${taskId}`;
    const listed = await (await get(`${at}/checkpoints?everySteps=2&everyMs=1000&changed=true&limit=5`)).json();
    expect(listed).toMatchObject({ checkpoints: [{ seq: 1, type: "task.submitted" }], nextAfter: null });
    for (const wrong of ["everySteps=0", "limit=1001", "changed=yes", "more=1"])
      expect((await get(`${at}/checkpoints?${wrong}`)).status).toBe(400);
    const set = await post(`${at}/breakpoints`, { breakpoints: ["node:score"] });
    expect([set.status, await set.json()]).toMatchObject([202, { breakpoints: ["node:score"] }]);
    expect(await (await get(`${at}/breakpoints`)).json()).toMatchObject({ breakpoints: ["node:score"], held: [] });
    for (const path of [at, "/api/v1/tasks"]) {
      const shown = await (await get(path)).json();
      expect(shown.head ?? shown.heads[0]).toMatchObject({ taskId, held: ["step:score"] });
    }
    const begun = await post("/api/v1/tasks", { ...submit("hi"), breakpoints: ["score"] });
    expect(begun.status).toBe(201);
    expect((await post("/api/v1/tasks", { ...submit("hi"), breakpoints: "score" })).status).toBe(400);
    for (const wrong of [
      {},
      { breakpoints: [""] },
      { breakpoints: [" a"] },
      { breakpoints: Array.from({ length: 51 }, () => "a") },
    ])
      expect((await post(`${at}/breakpoints`, wrong)).status).toBe(400);
    expect((await post(`${at}/debug`, { action: "continue" })).status).toBe(400);
    const valueless = await (await post(`${at}/debug`, { action: "set" })).json();
    expect(valueless.error.violations).toEqual([
      { field: "value", description: "expected what the call is to come to, any JSON" },
    ]);
    for (const wrong of [
      { action: "step", value: 1 },
      { action: "continue", path: "" },
    ])
      expect((await (await post(`${at}/debug`, wrong)).json()).error.code).toBe("INVALID_ARGUMENT");
    expect((await (await post(`${at}/debug`, { action: "jump" })).json()).error.code).toBe("INVALID_ARGUMENT");
  });

  it("moves one task, or a page of an agent's, to another revision for operators, and says what is wrong with rules", async () => {
    const { post } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hold"))).json()).head;
    const path = `/api/v1/tasks/${taskId}/migrate`;
    const rules = { rename: { a: "b" }, drop: ["c"] };
    const moved = await post(path, { revision: "r2", rules });
    expect([moved.status, await moved.json()]).toMatchObject([
      200,
      { taskId, to: "r2", outcome: "migrated", rules, reason: null },
    ]);
    expect(await (await post(path, {})).json()).toMatchObject({ to: "current" });
    const all = await post("/api/v1/agents/echo/migrate", { revision: "r2", from: "r1", pageSize: 1 });
    expect(await all.json()).toMatchObject({ agent: "echo", revision: "r2", tasks: [{ taskId, outcome: "migrated" }] });
    for (const wrong of [{ rules: { rename: { a: "a" } } }, { rules: { drop: "c" } }, { dryRun: 1 }, { more: 1 }])
      for (const at of [path, "/api/v1/agents/echo/migrate"]) expect((await post(at, wrong)).status).toBe(400);
    expect((await post("/api/v1/tasks/none/migrate", {})).status).toBe(404);
  });

  it("takes a decision about access, and says what is wrong with one without repeating a secret", async () => {
    const { post, errors } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("authorize"))).json()).head;
    const decide = (body: unknown) => post(`/api/v1/tasks/${taskId}/authorize`, body);
    const secret = "s3cr3t-token-of-ann";
    for (const wrong of [
      { credential: { type: "cookie", value: secret } },
      { credential: { type: "bearer", value: secret, more: 1 } },
      { credential: secret },
      { credential: { type: "bearer", value: secret.repeat(1000) } },
      { credential: { type: "bearer", value: secret }, deny: "no" },
      { expiresInMs: 0 },
      { name: "git hub" },
    ]) {
      const refused = await decide(wrong);
      expect(refused.status).toBe(400);
      expect(await refused.text()).not.toContain(secret);
    }
    const granted = await decide({ credential: { type: "bearer", value: secret }, expiresInMs: 1000 });
    expect(granted.status).toBe(202);
    expect(await granted.text()).not.toContain(secret);
    expect((await decide({})).status).toBe(400);
    expect(errors).toEqual([]);
  });

  it("shows the inbox with whoever asks, and takes decisions: what does not count is a conflict with its reason", async () => {
    const { post, get, tasks } = createFixture();
    const question = { id: "0f".repeat(16), prompt: "Grant it?", choices: ["approve"], contentHash: "ab".repeat(32) };
    tasks.asked.push({
      ...{ kind: "approval", taskId: "t1", agent: "echo", contextId: "c", caller: "bob", path: "approval:approval" },
      ...{
        prompt: [{ text: "Grant it?" }],
        askedAt: 1,
        approval: { ...question, askedAt: 1, decidedBy: [], token: "x" },
      },
    });
    const shown = await get("/api/v1/inbox?all=true&taskId=t1&pageSize=5");
    expect([shown.status, shown.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await shown.json()).toEqual({ items: tasks.asked, nextPageToken: "" });
    expect(tasks.inboxes[0]?.request).toEqual({ all: true, taskId: "t1", pageSize: 5 });
    expect((await get("/api/v1/inbox?pageSize=101")).status).toBe(400);
    const decide = (body: unknown) => post("/api/v1/tasks/t1/decisions", body);
    const decided = await decide({ token: "x", choice: "approve", comment: "sound" });
    expect([decided.status, await decided.json()]).toEqual([200, { id: question.id, decided: true }]);
    for (const wrong of [
      {},
      { token: "x" },
      { token: "x", choice: "a", delegateTo: "b" },
      { token: "x".repeat(1001), choice: "a" },
    ])
      expect((await decide(wrong)).status).toBe(400);
    const refused = await decide({ token: "forged", choice: "approve" });
    expect([refused.status, (await refused.json()).error]).toMatchObject([
      409,
      { code: "DECISION_REFUSED", details: { taskId: "t1", reason: "forged" } },
    ]);
    expect(tasks.decisions).toHaveLength(1);
  });

  it("takes signals, with or without a body, and refuses what is none", async () => {
    const { post, get } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hold"))).json()).head;
    const signal = (name: string, body?: unknown) => post(`/api/v1/tasks/${taskId}/signals/${name}`, body);
    expect((await signal("payment.settled", { payload: [1], idempotencyKey: "k1" })).status).toBe(202);
    expect((await signal("go", {})).status).toBe(202);
    expect((await signal("go", { idempotencyKey: "" })).status).toBe(400);
    expect((await signal("go", { data: 1 })).status).toBe(400);
    const { events } = await (await get(`/api/v1/tasks/${taskId}/events?after=2`)).json();
    expect(events.map((event: { data: unknown }) => event.data)).toMatchObject([
      { id: "k1", name: "payment.settled", payload: [1] },
      { name: "go" },
    ]);
  });

  it("streams the log with numbers and types, and resumes after Last-Event-ID", async () => {
    const { post, get } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hi"))).json()).head;
    const sse = readSse(
      await get(`/api/v1/tasks/${taskId}/events`, { accept: "text/event-stream", "last-event-id": "1" }),
    );
    expect(await sse.next()).toMatchObject({ id: "2", event: "task.started", data: { seq: 2 } });
    expect(await sse.next()).toMatchObject({ id: "3", event: "task.completed" });
    expect(await sse.next()).toBe(null);
    const missing = await get("/api/v1/tasks/nobody/events", { accept: "text/event-stream" });
    expect([missing.status, (await missing.json()).error.code]).toEqual([404, "TASK_NOT_FOUND"]);
  });

  it("streams between the events what models say, behind each event anew, and resumes after any of it", async () => {
    const { post, get, tasks } = createFixture();
    const { taskId } = (await (await post("/api/v1/tasks", submit("hold"))).json()).head;
    const live = { path: "model:m", artifact: { artifactId: "a", name: "a" }, append: false };
    const open = async (after: string) =>
      readSse(await get(`/api/v1/tasks/${taskId}/events`, { accept: "text/event-stream", "last-event-id": after }));
    const sse = await open("1");
    expect(await sse.next()).toMatchObject({ id: "2", event: "task.started" });
    const next = sse.next();
    tasks.speak(taskId, { ...live, text: "Hel" });
    const event = "artifact.streamed";
    expect(await next).toEqual({ id: "2.1", event, data: { ...live, after: 2, text: "Hel" } });
    tasks.speak(taskId, { ...live, text: "Hello" });
    expect(await sse.next()).toEqual({ id: "2.2", event, data: { ...live, after: 2, text: "lo", append: true } });
    // Begun anew.
    tasks.speak(taskId, { ...live, text: "Hi" });
    expect(await sse.next()).toMatchObject({ id: "2.3", data: { text: "Hi", append: false } });
    const other = await open("2.1");
    expect(await other.next()).toMatchObject({ id: "2.1", data: { text: "Hi" } });
    tasks.append(taskId, { type: "task.progressed", data: { path: "p", kind: "progress", message: "50 %" } });
    tasks.speak(taskId, { ...live, text: "Hi" });
    for (const reader of [sse, other]) {
      expect(await reader.next()).toMatchObject({ id: "3", event: "task.progressed" });
      expect(await reader.next()).toMatchObject({ id: "3.1", data: { after: 3, text: "Hi", append: false } });
    }
    await Promise.all([sse.cancel(), other.cancel()]);
  });

  it("an overloaded node says when to come back", async () => {
    const { post, tasks } = createFixture();
    const { PlatformError } = await import("@agentcore/contract");
    tasks.submit = () => Promise.reject(new PlatformError("OVERLOADED", "full", { retryAfterMs: 2500 }));
    const response = await post("/api/v1/tasks", submit("x"));
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "3"]);
  });
});

describe("manifests and agents", () => {
  it("applies JSON, lists of JSON and multi-document YAML; dry runs change nothing", async () => {
    const { post, call, applied } = createFixture();
    expect((await (await post("/api/v1/manifests", { kind: "Agent" })).json()).results).toHaveLength(1);
    expect((await (await post("/api/v1/manifests", [{}, {}])).json()).results).toHaveLength(2);
    const yaml = {
      method: "POST",
      headers: { "content-type": "application/yaml" },
      body: "kind: Agent\n---\nkind: Model\n---\n",
    };
    expect((await (await call("/api/v1/manifests", yaml)).json()).results).toHaveLength(2);
    expect((await (await call("/api/v1/manifests?dryRun=true", yaml)).json()).dryRun).toBe(true);
    expect(applied).toHaveLength(5);
  });

  it.each([
    ["application/yaml", "a: [1", 400, "PARSE_ERROR"],
    ["application/yaml", "a: &a [*a]", 400, "PARSE_ERROR"],
    ["application/yaml", "", 400, "INVALID_ARGUMENT"],
    ["application/json", "[]", 400, "INVALID_ARGUMENT"],
    ["application/json", "{", 400, "PARSE_ERROR"],
    ["text/plain", "{}", 400, "CONTENT_TYPE_NOT_SUPPORTED"],
  ])("refuses %s %j", async (type, body, status, code) => {
    const response = await createFixture().call("/api/v1/manifests", {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect([response.status, (await response.json()).error.code]).toEqual([status, code]);
  });

  it("an alias bomb is refused", async () => {
    const lines = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ..."bcdefghi"
        .split("")
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`),
    ];
    const response = await createFixture().call("/api/v1/manifests", {
      method: "POST",
      headers: { "content-type": "text/yaml" },
      body: lines.join("\n"),
    });
    expect((await response.json()).error.code).toBe("PARSE_ERROR");
  });

  it("gets and deletes by kind and name", async () => {
    const { get, call } = createFixture();
    expect((await get("/api/v1/manifests/Agent/echo")).status).toBe(200);
    expect((await get("/api/v1/manifests/Agent/nobody")).status).toBe(404);
    expect((await get("/api/v1/manifests/Thing/echo")).status).toBe(400);
    expect((await call("/api/v1/manifests/Agent/echo", { method: "DELETE" })).status).toBe(204);
    expect((await (await get("/api/v1/agents")).json()).agents[0].name).toBe("echo");
    expect((await get("/api/v1/agents/nobody")).status).toBe(404);
  });
});

describe("the document", () => {
  it("describes every route that is served, and only those", async () => {
    const { gateway, get } = createFixture();
    const document = await (await get("/openapi.json")).json();
    expect(document.openapi).toBe("3.1.0");
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(gateway.routes.map((route) => `${route.method} ${route.path}`).toSorted());
    for (const route of gateway.routes) {
      const operation = document.paths[route.path][route.method.toLowerCase()];
      expect(operation.operationId).toBe(route.operationId);
      expect(Object.keys(operation.responses)).toContain(String(route.answer.status));
    }
    expect(new Set(gateway.routes.map((route) => route.operationId)).size).toBe(gateway.routes.length);
  });

  it("serves schemas, health and metrics", async () => {
    const { get } = createFixture();
    expect((await (await get("/schemas/agent-card.json")).json()).type).toBe("object");
    expect((await get("/schemas/nothing.json")).status).toBe(404);
    expect((await get("/healthz")).status).toBe(200);
    expect(await (await get("/metrics")).text()).toBe("up 1\n");
    const down = createFixture({ health: () => ({ ready: false, checks: {} }) });
    expect((await down.get("/readyz")).status).toBe(503);
    const wrong = await get("/api/v1/nowhere");
    expect([wrong.status, (await wrong.json()).error.code]).toEqual([404, "METHOD_NOT_FOUND"]);
    expect((await createFixture().call("/healthz", { method: "DELETE" })).headers.get("allow")).toBe("GET");
  });
});

import { expect, it } from "vitest";
import { createFixture, describeAgent, FLOW } from "../../../test/gateway/gateway-fixture.ts";
import { hashOfKey } from "../http/parse-api-keys.ts";

const agents = [describeAgent("echo"), describeAgent("flow", { nodes: 2 })];

it("workflows are those agents that have a graph", async () => {
  const { call } = createFixture({}, agents);
  const response = await call("/api/v1/workflows");
  expect(await response.json()).toEqual({
    workflows: [
      { name: "flow", description: "The flow agent", version: "1.0.0", revision: "r1", state: "ready", nodes: 2 },
    ],
  });
});

it("a graph is shown of the revision that is declared, or of the one that is asked for", async () => {
  const { call } = createFixture({}, agents);
  expect(await (await call("/api/v1/workflows/flow/graph")).json()).toEqual({
    name: "flow",
    revision: "f00",
    graph: FLOW,
  });
  expect(await (await call("/api/v1/workflows/flow/graph?revision=abc")).json()).toMatchObject({ revision: "abc" });
  const drawing = await call("/api/v1/workflows/flow/graph?format=mermaid");
  expect(drawing.headers.get("content-type")).toMatch(/^text\/vnd\.mermaid/);
  expect(await drawing.text()).toMatch(/^flowchart TD\n/);
  const codeOf = async (path: string) => (await (await call(path)).json()).error.code;
  expect(await codeOf("/api/v1/workflows/nobody/graph")).toBe("AGENT_NOT_FOUND");
  expect(await codeOf("/api/v1/workflows/echo/graph")).toBe("UNSUPPORTED_OPERATION");
  expect(await codeOf("/api/v1/workflows/flow/graph?revision=../x")).toBe("INVALID_ARGUMENT");
});

it("graphs are for operators, as manifests are", async () => {
  const key = { keyHash: hashOfKey("ann"), tenantId: "default", caller: "ann", role: "caller" as const };
  const { call } = createFixture({ apiKeys: [key] }, agents);
  const headers = { authorization: "Bearer ann" };
  expect((await call("/api/v1/workflows", { headers })).status).toBe(200);
  expect((await call("/api/v1/workflows/flow/graph", { headers })).status).toBe(403);
});

it("progress is told of a task of a workflow, each time with what has happened since", async () => {
  const { call, tasks } = createFixture({}, agents);
  const scope = { tenantId: "default", caller: "anonymous", operator: true };
  const { taskId } = await tasks.submit(scope, { target: { agent: "flow" }, input: "hold" });
  const progress = async (id = taskId) => (await call(`/api/v1/tasks/${id}/progress`)).json();
  tasks.append(taskId, { type: "task.started", data: {} });
  expect(await progress()).toMatchObject({ agent: "flow", share: 0, nodes: [{ id: "score", state: "running" }, {}] });
  const path = "command:agent:echo[score]";
  tasks.append(
    taskId,
    { type: "step.started", data: { path, kind: "command", attempt: 1, childTaskId: "child" } },
    { type: "step.completed", data: { path, kind: "command", result: 1 } },
  );
  expect(await progress()).toMatchObject({ share: 1, state: "working", counts: { done: 2 } });
  const other = await tasks.submit(scope, { target: { agent: "echo" }, input: {} });
  expect((await progress(other.taskId)).error.code).toBe("UNSUPPORTED_OPERATION");
  expect((await progress("none")).error.code).toBe("TASK_NOT_FOUND");
});

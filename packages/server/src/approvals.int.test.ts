/** People decide, over a node's HTTP API and over A2A. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "./start-node.ts";

const code = fileURLToPath(new URL("../test/approvals/loans.ts", import.meta.url));
const KEYS = ["ann", "bob", "carol", "dora", "eve", "mallory"].map(
  (name) => `key-of-${name}-0123456789 caller=${name} scopes=loan:decide`,
);
const BOSS = "key-of-the-boss-0123456789 role=operator caller=boss";
// Of bob too, but good for other agents only.
const LIMITED = "key-of-limited-0123456789 caller=bob scopes=mail:read";
const FOREIGN = "key-of-elsewhere-0123456789 tenant=elsewhere caller=bob";

let folder: string;
let node: RunningNode;

const manifest = (name: string, a2a?: Record<string, unknown>) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: { code: { path: code, export: name }, ...(a2a === undefined ? {} : { a2a }) },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-approvals-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", env: {}, codeRoots: [dirname(code)] },
    apiKeys: [...KEYS, BOSS, LIMITED, FOREIGN],
  });
  await node.ready;
  await node.apply([manifest("loans", { scopes: ["loan:decide"] }), manifest("simple")]);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

const call = async (who: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const key = who === "boss" ? "key-of-the-boss-0123456789" : `key-of-${who}-0123456789`;
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
};

const begin = async (agent: string, input: unknown = {}): Promise<string> => {
  const begun = await call("ann", "/api/v1/tasks", { target: `agent:${agent}`, input, wait: true });
  expect(begun.body.head.state).toBe("input-required");
  return begun.body.head.taskId;
};

const asked = async (who: string, taskId: string) => (await call(who, `/api/v1/inbox?taskId=${taskId}`)).body.items;
const token = async (who: string, taskId: string): Promise<string> => (await asked(who, taskId))[0].approval.token;
const decide = (who: string, taskId: string, answer: Record<string, unknown>) =>
  call(who, `/api/v1/tasks/${taskId}/decisions`, answer);

test("two of those who are asked decide; nobody else can, and each answer counts once", async () => {
  const taskId = await begin("loans", { amount: 5000 });
  expect(await asked("ann", taskId)).toEqual([]);
  expect(await asked("mallory", taskId)).toEqual([]);
  expect(await asked("elsewhere", taskId)).toEqual([]);
  const { body, headers } = await call("bob", "/api/v1/inbox");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(body.items).toMatchObject([
    {
      ...{ kind: "approval", taskId, agent: "loans", caller: "ann" },
      approval: { prompt: "Grant the loan?", show: { amount: 5000 }, choices: ["approve", "reject"], decidedBy: [] },
    },
  ]);
  expect((await call("bob", `/api/v1/tasks/${taskId}`)).status).toBe(404);
  const [ofBob, ofCarol] = [await token("bob", taskId), await token("carol", taskId)];
  const stranger = await decide("mallory", taskId, { token: ofBob, choice: "approve" });
  expect([stranger.status, stranger.body.error.code]).toEqual([404, "TASK_NOT_FOUND"]);
  const foreign = await decide("carol", taskId, { token: ofBob, choice: "approve" });
  expect([foreign.status, foreign.body.error]).toMatchObject([
    409,
    { code: "DECISION_REFUSED", details: { reason: "foreign" } },
  ]);
  expect((await decide("bob", taskId, { token: ofBob })).status).toBe(400);
  expect((await decide("bob", taskId, { token: ofBob, choice: "approve" })).body.decided).toBe(false);
  expect((await decide("bob", taskId, { token: ofBob, choice: "approve" })).body.error.details.reason).toBe("repeated");
  await decide("carol", taskId, { token: ofCarol, delegateTo: "eve" });
  expect((await decide("carol", taskId, { token: ofCarol, choice: "reject" })).body.error.details.reason).toBe(
    "notApprover",
  );
  const ofEve = await token("eve", taskId);
  expect((await decide("eve", taskId, { token: ofEve, choice: "approve" })).body.decided).toBe(true);
  const { events } = (await call("ann", `/api/v1/tasks/${taskId}/events`)).body;
  expect(events.at(-1)).toMatchObject({
    type: "task.completed",
    data: { output: { choice: "approve", by: ["bob", "eve"] } },
  });
  expect(JSON.stringify(events)).not.toContain(ofBob);
});

test("operators see all that waits, without tokens that are for others", async () => {
  const taskId = await begin("loans");
  expect((await call("boss", `/api/v1/inbox?taskId=${taskId}`)).body.items).toEqual([]);
  const { items } = (await call("boss", `/api/v1/inbox?taskId=${taskId}&all=true`)).body;
  expect([items.length, items[0].approval.token]).toEqual([1, undefined]);
  expect((await call("bob", "/api/v1/inbox?all=true")).status).toBe(403);
  expect((await call("bob", "/api/v1/inbox?all=perhaps")).status).toBe(400);
});

test("over A2A the question is data, words are no answer, and a data part with the token is one", async () => {
  const taskId = await begin("simple");
  const send = (messageId: string, parts: readonly unknown[]) =>
    call(
      "ann",
      "/a2a/simple/message:send",
      { message: { messageId, taskId, role: "ROLE_USER", parts } },
      { "a2a-version": "1.0" },
    );
  const words = (await send("m1", [{ text: "yes, approve" }])).body.task;
  expect(words.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
  expect(words.status.message.parts[0].text).toContain("a message is no decision");
  expect(words.status.message.parts[1].data.approval).toMatchObject({
    prompt: "Do it?",
    choices: ["approve", "reject"],
  });
  expect(JSON.stringify(words)).not.toContain('token"');
  const forged = await send("m2", [{ data: { approval: { token: "forged", choice: "approve" } } }]);
  expect([forged.status, forged.body.error.message]).toEqual([409, expect.stringContaining("does not count")]);
  const approval = { token: await token("ann", taskId), choice: "reject" };
  const decided = (await send("m3", [{ data: { approval } }])).body.task;
  expect([decided.status.state, decided.artifacts[0].parts]).toEqual(["TASK_STATE_COMPLETED", [{ text: "reject" }]]);
});

test("a stream that begins with a decision goes on to what comes of it", async () => {
  const taskId = await begin("simple");
  const approval = { token: await token("ann", taskId), choice: "approve" };
  const response = await fetch(`${node.url}/a2a/simple/message:stream`, {
    method: "POST",
    headers: {
      authorization: "Bearer key-of-ann-0123456789",
      "content-type": "application/json",
      "a2a-version": "1.0",
    },
    body: JSON.stringify({ message: { messageId: "s1", taskId, role: "ROLE_USER", parts: [{ data: { approval } }] } }),
  });
  const frames = (await response.text()).split("\n").filter((line) => line.startsWith("data:"));
  const states = frames.map((line) => /TASK_STATE_\w+/.exec(line)?.[0]).filter((state) => state !== undefined);
  expect(states.at(-1)).toBe("TASK_STATE_COMPLETED");
  expect(states).not.toContain("TASK_STATE_INPUT_REQUIRED");
});

test("a credential that is not good for the agent's scopes neither sees what its caller is asked nor decides it", async () => {
  const taskId = await begin("loans");
  expect(await asked("limited", taskId)).toEqual([]);
  const answer = { token: await token("bob", taskId), choice: "approve" };
  expect((await decide("limited", taskId, answer)).body.error.code).toBe("TASK_NOT_FOUND");
  expect((await decide("bob", taskId, answer)).status).toBe(200);
});

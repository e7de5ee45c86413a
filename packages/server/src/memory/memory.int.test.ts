/** What agents remember, on a node with tenants, callers, keys that seal, and restarts. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const KEYS = {
  root: "operator-of-acme-0001",
  ann: "caller-ann-of-acme-01",
  bob: "caller-bob-of-acme-01",
  stranger: "operator-of-bolt-0001",
} as const;
type Who = keyof typeof KEYS;

/** Does what it is told with its memory. */
const AGENT = `const notes = (name) => ({ name, description: "Keeps notes", version: "1", skills: [], labels: {}, tools: [],
  idempotent: false, subscribes: [], run: async ({ input }, { memory }) => {
    if (input.remember) return memory.remember(input.remember, input.options);
    if (input.forget) return memory.forget(input.forget, input.options);
    if (input.history) return (await memory.history()).map(({ role, text }) => role + ": " + text);
    return (await memory.recall(input.recall, input.options)).memories.map(({ text }) => text);
  } });
  export const clerk = notes("clerk"); export const judge = notes("judge"); export const guest = notes("guest");`;

const agentOf = (name: string, labels: Record<string, string> = {}) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name, labels } },
  spec: { code: { path: join(folder, "code", "notes.mjs"), export: name } },
});
const poolOf = (name: string, spec: object) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind: "MemoryPool", metadata: { name } },
  spec,
});

let folder: string;
let node: RunningNode;
const seal = `k1:${randomBytes(32).toString("base64")}`;

const start = async (): Promise<RunningNode> => {
  const started = await startNode({
    port: 0,
    dataDirectory: join(folder, "data"),
    encryptionKeys: [seal],
    apiKeys: [
      `${KEYS.root} role=operator tenant=acme caller=root`,
      `${KEYS.ann} tenant=acme caller=ann`,
      `${KEYS.bob} tenant=acme caller=bob`,
      `${KEYS.stranger} role=operator tenant=bolt caller=ann`,
    ],
    codeRoots: [join(folder, "code")],
    env: {},
  });
  await started.ready;
  return started;
};

const call = async (who: Who, path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${KEYS[who]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, body: (await response.json()) as any };
};
const ask = async (who: Who, agent: string, input: object) => {
  const { body } = await call(who, "/api/v1/tasks", { target: `agent:${agent}`, input, wait: true });
  const output = body.task?.artifacts?.at(-1)?.parts[0]?.data;
  return output ?? body.error ?? body.task?.status?.message?.parts[0]?.text ?? body;
};
const talk = async (who: Who, contextId: string, input: unknown = { history: true }, agent = "clerk") => {
  const { body } = await call(who, "/api/v1/tasks", { target: `agent:${agent}`, input, contextId, wait: true });
  return body.task.artifacts.at(-1).parts[0].data;
};
const recalled = async (who: Who, pool: string, query: string) => {
  const { status, body } = await call(who, "/api/v1/memory/recall", { pool, query });
  return status === 200 ? body.memories.map(({ text }: { text: string }) => text) : body.error.code;
};

beforeAll(async () => {
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  folder = await mkdtemp(join(tmpdir(), "agentcore-memory-"));
  await mkdir(join(folder, "code"));
  await writeFile(join(folder, "code", "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "code", "notes.mjs"), AGENT);
  node = await start();
  const applied = await call("root", "/api/v1/manifests", [
    ...[agentOf("clerk", { team: "loans" }), agentOf("judge", { team: "loans" }), agentOf("guest")],
    poolOf("team", { read: [{ labels: { team: "loans" } }, { caller: "bob" }], write: [{ agent: "clerk" }] }),
    poolOf("caller", { ttl: "30d", maxEntries: 100 }),
  ]);
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

test("what is remembered of a caller is seen in tasks of that caller, by the agent it is of, and by that caller", async () => {
  const options = { pool: "caller" };
  await ask("ann", "clerk", { remember: "prefers letters", options });
  expect(await ask("ann", "clerk", { recall: "letters", options })).toEqual(["prefers letters"]);
  expect(await ask("bob", "clerk", { recall: "letters", options })).toEqual([]);
  expect(await ask("ann", "guest", { recall: "letters", options })).toEqual([]);
  expect(await recalled("ann", "caller:clerk/ann", "letters")).toEqual(["prefers letters"]);
  expect(await recalled("bob", "caller:clerk/ann", "letters")).toBe("PERMISSION_DENIED");
  expect(await recalled("root", "caller:clerk/ann", "letters")).toEqual(["prefers letters"]);
  expect(await recalled("stranger", "caller:clerk/ann", "letters")).toEqual([]);
  const { body } = await call("ann", "/api/v1/memory");
  expect(body).toMatchObject({ pools: [{ name: "caller:clerk/ann", entries: 1, maxEntries: 100 }], nextAfter: null });
  expect((await call("stranger", "/api/v1/memory")).body.pools).toEqual([]);
});

test("a shared pool is for those whom its manifest names, and a right that is taken away is gone at once", async () => {
  const options = { pool: "team" };
  await ask("ann", "clerk", { remember: { text: "rates rise in May", document: "rates.md" }, options });
  expect(await ask("ann", "judge", { recall: "rates", options })).toEqual(["rates rise in May"]);
  expect(JSON.stringify(await ask("ann", "guest", { recall: "rates", options }))).toContain("spec.read");
  expect(await recalled("bob", "team", "rates")).toEqual(["rates rise in May"]);
  expect(await recalled("ann", "team", "rates")).toBe("PERMISSION_DENIED");
  await call("root", "/api/v1/manifests", [poolOf("team", { write: [{ agent: "clerk" }] })]);
  expect(JSON.stringify(await ask("ann", "judge", { recall: "rates", options }))).toContain("spec.read");
  expect(await recalled("bob", "team", "rates")).toBe("PERMISSION_DENIED");
});

test("a conversation is told to the caller's own next task, and to nobody else's in a context of that id", async () => {
  const first = { history: true, say: "I am Ann" };
  expect(await talk("ann", "c1", first)).toEqual([]);
  const told = [`user: ${JSON.stringify(first)}`, "assistant: []"];
  expect(await talk("ann", "c1")).toEqual(told);
  expect(await talk("bob", "c1")).toEqual([]);
  expect(await talk("root", "c1")).toEqual([]);
  expect(await talk("ann", "c1", undefined, "judge")).toEqual([]);
  expect(await talk("ann", "c2")).toEqual([]);
});

test.each([
  [poolOf("agent", { read: [{ agent: "*" }] }), "spec.read"],
  [poolOf("x", { read: [{}] }), "spec.read[0]"],
  [poolOf("x", { maxEntries: 0 }), "spec.maxEntries"],
  [poolOf("x", { ttl: "soon" }), "spec.ttl"],
  [poolOf("x", { weights: { relevance: 0, recency: 0, importance: 0 } }), "spec.weights"],
  [{ ...poolOf("agentcore-memory", { model: "a/b" }), kind: "Agent" }, "metadata.name"],
])("what a manifest may not say is refused with its place (%#)", async (manifest, field) => {
  const { status, body } = await call("root", "/api/v1/manifests", [manifest]);
  expect([status, body.error.violations[0].field]).toEqual([400, field]);
});

test("it is there after a restart, sealed, and gone from the disk's values once it is forgotten", async () => {
  await ask("ann", "clerk", { remember: { text: "the password is xyzzy", document: "secret.txt" } });
  await node.close(0);
  const files = await readdir(join(folder, "data"), { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile()))
    expect((await readFile(join(file.parentPath, file.name))).includes("xyzzy"), file.name).toBe(false);
  node = await start();
  expect(await recalled("root", "agent:clerk", "password")).toEqual(["the password is xyzzy"]);
  const listed = await call("root", "/api/v1/memory/entries?pool=agent:clerk");
  const { id } = listed.body.entries[0];
  const shown = await call("root", `/api/v1/memory/entries/${id}?pool=agent:clerk`);
  expect(shown.body).toMatchObject({
    text: "the password is xyzzy",
    source: { caller: "ann", document: "secret.txt" },
  });
  expect((await call("ann", "/api/v1/memory/forget", { document: "secret.txt" })).status).toBe(403);
  const other = await call("stranger", "/api/v1/memory/forget", { document: "secret.txt" });
  expect(other.body).toEqual({ count: 0, ids: [] });
  expect((await call("root", "/api/v1/memory/forget", { document: "secret.txt" })).body).toEqual({
    count: 1,
    ids: [id],
  });
  expect((await call("root", `/api/v1/memory/entries/${id}?pool=agent:clerk`)).status).toBe(404);
  expect(await ask("ann", "clerk", { recall: "password" })).toEqual([]);
});

test("gc takes away what is over, and pools of which nothing is left", async () => {
  const options = { pool: "caller" };
  await ask("bob", "guest", { remember: { text: "for a moment", ttlMs: 1 }, options });
  const pools = async () => (await call("bob", "/api/v1/memory")).body.pools.map(({ name }: { name: string }) => name);
  expect(await pools()).toEqual(["caller:guest/bob"]);
  expect(await recalled("bob", "caller:guest/bob", "moment")).toEqual([]);
  expect((await call("root", "/api/v1/gc", {})).status).toBe(200);
  expect(await pools()).toEqual([]);
});

test("a request that says too much, or too little, is refused with its place", async () => {
  const refused = async (body: object) => {
    const answer = await call("root", "/api/v1/memory/forget", body);
    return [answer.status, answer.body.error?.violations?.[0]?.field];
  };
  expect(await refused({})).toEqual([400, ""]);
  expect(await refused({ pool: "team", id: "a", task: "b" })).toEqual([400, ""]);
  expect(await refused({ all: true })).toEqual([400, "pool"]);
  expect(await refused({ pool: "No Pool", all: true })).toEqual([400, "pool"]);
  expect((await call("root", "/api/v1/memory/recall", { pool: "team", query: "" })).status).toBe(400);
});

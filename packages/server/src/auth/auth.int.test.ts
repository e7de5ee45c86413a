/** A node that takes the tokens of an identity provider and signs its cards, over HTTP. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCardVerifier } from "@agentcore/a2a/cards";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/tenants/keeper.ts", import.meta.url));
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const cardKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });

let folder: string;
let idp: Server;
let issuer: string;
let node: RunningNode;
const logged: string[] = [];

const keeper = (name: string, a2a: Record<string, unknown>, skill: string) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: {
    code: { path: code, export: "keeper" },
    skills: [{ id: skill, name: skill, description: skill, tags: [skill] }],
    a2a,
  },
});

beforeAll(async () => {
  vi.spyOn(process.stderr, "write").mockImplementation((text) => logged.push(String(text)) > 0);
  folder = await mkdtemp(join(tmpdir(), "agentcore-auth-node-"));
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "EdDSA" }] };
  idp = createServer((request, response) => {
    const discovery = { issuer, jwks_uri: `${issuer}keys` };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/keys" ? keys : discovery));
  });
  await new Promise<void>((done) => idp.listen(0, "127.0.0.1", done));
  issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}/`;
  await writeFile(
    join(folder, "auth.yaml"),
    `jwt:\n  - issuer: ${issuer}\n    audience: agentcore\n    operatorScope: ops\n`,
  );
  node = await startNode({
    port: 0,
    dataDirectory: join(folder, "data"),
    authFile: join(folder, "auth.yaml"),
    cardSigningKeys: [cardKey as string],
    codeRoots: [dirname(code)],
    logLevel: "debug",
    env: {},
  });
  await node.ready;
  const extendedCard = { description: "Keeps loans, and says how" };
  await node.apply([keeper("open", {}, "keep"), keeper("loans", { scopes: ["loan:write"], extendedCard }, "loan")]);
});

afterAll(async () => {
  await node.close(0);
  await new Promise((done) => idp.close(done));
  await rm(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

const token = (claims: JWTPayload = {}) =>
  new SignJWT({ iss: issuer, aud: "agentcore", sub: "ann", ...claims })
    .setProtectedHeader({ alg: "EdDSA", kid: "k" })
    .setExpirationTime("5m")
    .sign(privateKey);

const call = async (claims: JWTPayload | null, path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "a2a-version": "1.0",
      ...(claims === null ? {} : { authorization: `Bearer ${await token(claims)}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, json: (await response.json()) as any };
};

const submit = (claims: JWTPayload, target: string) => call(claims, "/api/v1/tasks", { target, input: {} });

test("without API keys the node is nobody's, and its own process still gets in", async () => {
  expect((await call(null, "/api/v1/agents")).status).toBe(401);
  expect((await call({}, "/api/v1/agents")).status).toBe(200);
  expect((await call({}, "/api/v1/manifests")).status).toBe(403);
  expect((await call({ scope: "ops" }, "/api/v1/manifests")).status).toBe(200);
  const own = await fetch(`${node.url}/api/v1/manifests`, { headers: { "x-api-key": node.apiKey ?? "" } });
  expect(own.status).toBe(200);
});

test("an agent that asks for a scope is chosen for nobody without it, by whatever name", async () => {
  for (const target of ["agent:loans", "capability:loan"]) {
    const refused = await submit({ scope: "loan:read" }, target);
    expect([refused.status, refused.json.error.code]).toEqual([403, "PERMISSION_DENIED"]);
    expect(refused.json.error.message).toContain("loan:write");
    expect((await submit({ scope: "loan:write" }, target)).status).toBe(201);
  }
  expect((await submit({}, "capability:keep")).status).toBe(201);
  expect((await submit({ sub: "root", scope: "ops" }, "agent:loans")).status).toBe(201);
});

test("a pattern reaches no agent that whoever runs it may not use", async () => {
  const run = (claims: JWTPayload, role: object) =>
    call(claims, "/api/v1/orchestration/execute", {
      pattern: "sequential",
      input: 1,
      configuration: { agents: [{ capability: "keep" }, role] },
    });
  for (const role of [{ agent: "loans" }, { capability: "loan" }]) {
    const refused = await run({ scope: "loan:read" }, role);
    expect([refused.status, refused.json.error.code]).toEqual([403, "PERMISSION_DENIED"]);
    expect(refused.json.error.message).toContain("loan:write");
  }
  const begun = await run({ scope: "loan:write" }, { agent: "loans" });
  expect(begun.status).toBe(201);
  expect((await call({ scope: "loan:write" }, `/api/v1/tasks/${begun.json.head.taskId}`)).status).toBe(200);
  expect((await call({}, `/api/v1/tasks/${begun.json.head.taskId}`)).status).toBe(403);
  for (const claims of [{ scope: "loan:write agentcore-orchestrator" }, { sub: "root", scope: "ops" }]) {
    const direct = await submit(claims, "agent:agentcore-orchestrator");
    expect(direct.json.error.message).toContain("POST /api/v1/orchestration/execute");
  }
});

test("callers of one issuer see their own tasks only, by their names as tokens say them", async () => {
  const { json } = await submit({ sub: "carl" }, "agent:open");
  expect(json.head.caller).toMatch(/^jwt:[0-9a-f]{16}\/carl$/);
  const at = `/api/v1/tasks/${json.head.taskId}`;
  const statuses = [];
  for (const sub of ["carl", "dora", "root"])
    statuses.push((await call({ sub, ...(sub === "root" ? { scope: "ops" } : {}) }, at)).status);
  expect(statuses).toEqual([200, 404, 200]);
  expect((await call({ sub: "dora" }, `/api/v1/tasks?contextId=${json.head.contextId}`)).json.totalSize).toBe(0);
});

test("cards are signed and say how to get in; the extended one is for those who got in", async () => {
  const verifier = createCardVerifier({
    jkuHosts: [new URL(node.url).host],
    fetch,
    monotonic: () => performance.now(),
  });
  const { json: card } = await call(null, "/a2a/loans/.well-known/agent-card.json");
  expect(Object.keys(card.securitySchemes)).toEqual(["jwt"]);
  expect(card.securityRequirements).toEqual([{ schemes: { jwt: { list: ["loan:write"] } } }]);
  await verifier.verify(card);
  const statuses = [];
  for (const claims of [null, {}, { scope: "loan:write" }])
    statuses.push((await call(claims, "/a2a/loans/extendedAgentCard")).status);
  expect(statuses).toEqual([401, 403, 200]);
  const extended = (await call({ scope: "loan:write" }, "/a2a/loans/extendedAgentCard")).json;
  expect(extended.description).toBe("Keeps loans, and says how");
  await verifier.verify(extended);
});

test("no token is in any log line", async () => {
  const bad = await token({ aud: "elsewhere" });
  await fetch(`${node.url}/api/v1/agents`, { headers: { authorization: `Bearer ${bad}` } });
  expect(logged.join("")).not.toContain(bad.split(".")[2]);
  expect(logged.join("")).not.toContain("eyJ");
});

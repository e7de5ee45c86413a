import { generateKeyPairSync } from "node:crypto";
import { createTokenVerifier } from "@agentcore/a2a/tokens";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createFixture, describeAgent, readSse, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import type { ClientCertificate } from "../deps/connection-info.ts";
import type { CertificateCaller, Credentials, TokenCaller } from "../deps/credentials.ts";
import { parseApiKeys } from "./parse-api-keys.ts";

const NOW = 1_760_000_000_000;
const ISSUER = "https://idp.test/";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
let jwks: unknown;
beforeAll(async () => {
  jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] };
});

const entry = (more: Partial<TokenCaller> = {}): TokenCaller => ({
  ...{ issuer: ISSUER, audience: ["agentcore"], jwks, tenantId: "default", callerClaim: "sub", scopesClaim: "scope" },
  ...more,
});

const tokensOf = (...issuers: readonly TokenCaller[]): Credentials["tokens"] => {
  const verifier = createTokenVerifier(issuers, { fetch, now: () => NOW, monotonic: () => 0 });
  return { verify: (token) => verifier.verify(token), issuers };
};

const token = (claims: JWTPayload = {}) =>
  new SignJWT({ iss: ISSUER, aud: "agentcore", sub: "ann", exp: NOW / 1000 + 60, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "k" })
    .sign(privateKey);

const bearer = async (claims?: JWTPayload) => ({ authorization: `Bearer ${await token(claims)}` });
const KEY = "0123456789abcdef-key";
const LOAN = describeAgent("loan", { scopes: ["loan:write"] });
const AGENTS = [describeAgent("echo"), LOAN];

describe("tokens", () => {
  it("stand for a caller of their own, which no key and no other issuer's token can name", async () => {
    const apiKeys = parseApiKeys([`${KEY} caller=ann`]);
    const other = "https://other.test/";
    const credentials = {
      tokens: tokensOf(entry(), entry({ issuer: other }), entry({ audience: ["mail"], callerClaim: "email" })),
    };
    const { rpc, tasks } = createFixture({ apiKeys, credentials });
    const everybody = [
      { "x-api-key": KEY },
      await bearer(),
      await bearer({ iss: other }),
      await bearer({ aud: "mail", email: "ann" }),
      await bearer({ sub: "ann/../bob" }),
      await bearer({ sub: "agent:echo" }),
    ];
    for (const headers of everybody)
      expect((await rpc("SendMessage", userMessage("done"), { headers })).status).toBe(200);
    const callers = [...tasks.tasks.values()].map(({ scope }) => scope.caller);
    expect(new Set(callers).size).toBe(everybody.length);
    for (const caller of callers.slice(1)) expect(caller).toMatch(/^jwt:[0-9a-f]{16}\/[^/:]+$/);
  });

  it("make an operator only with the scope that is named for it", async () => {
    const { get } = createFixture({ credentials: { tokens: tokensOf(entry({ operatorScope: "ops" })) } });
    const statusOf = async (claims: JWTPayload) => (await get("/api/v1/manifests", await bearer(claims))).status;
    expect(await statusOf({ scope: "read ops" })).toBe(200);
    expect(await statusOf({ scope: ["ops"] })).toBe(200);
    for (const scope of [undefined, "operator", "opsx", "", { ops: true }, "ops2 read"])
      expect(await statusOf({ scope })).toBe(403);
    const without = createFixture({ credentials: { tokens: tokensOf(entry()) } });
    expect((await without.get("/api/v1/manifests", await bearer({ scope: "undefined ops" }))).status).toBe(403);
  });

  it("name their tenant by a claim, if so configured, and never the platform's", async () => {
    const { get } = createFixture({ credentials: { tokens: tokensOf(entry({ tenantClaim: "org" })) } });
    const agents = async (org: unknown) => {
      const response = await get("/api/v1/agents", await bearer({ org }));
      return response.status === 200 ? (await response.json()).agents.length : response.status;
    };
    expect(await agents("default")).toBe(1);
    expect(await agents("acme")).toBe(0);
    for (const bad of ["system", "", undefined, "Acme", ["default"], "a--b"]) expect(await agents(bad)).toBe(401);
  });

  it("without a name that can stand for a caller are refused", async () => {
    const { get } = createFixture({ credentials: { tokens: tokensOf(entry({ callerClaim: "who" })) } });
    for (const who of [undefined, "", 7, "x".repeat(256), "\ud800"])
      expect((await get("/api/v1/agents", await bearer({ who }))).status).toBe(401);
    expect((await get("/api/v1/agents", await bearer({ who: "x".repeat(255) }))).status).toBe(200);
  });

  it("that are refused say so as RFC 6750 asks, show up nowhere, and no certificate stands in for them", async () => {
    const { call, errors } = createFixture({ credentials: { tokens: tokensOf(entry()) } });
    const expired = await token({ exp: NOW / 1000 - 60 });
    const refused = await call("/a2a/echo/tasks", { headers: { authorization: `Bearer ${expired}` } });
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="agentcore", error="invalid_token"',
    ]);
    const body = await refused.text();
    expect(body).toContain("expired");
    for (const part of expired.split(".")) expect(body).not.toContain(part);
    expect(errors).toEqual([]);
    const none = await call("/a2a/echo/tasks");
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="agentcore"');
  });

  it("are taken as Bearer only", async () => {
    const { get } = createFixture({ credentials: { tokens: tokensOf(entry()) } });
    expect((await get("/api/v1/agents", { "x-api-key": await token() })).status).toBe(401);
    expect((await get("/api/v1/agents", { authorization: `Basic ${await token()}` })).status).toBe(401);
  });

  it("that cannot be checked now are not called wrong", async () => {
    const verifier = createTokenVerifier([entry({ jwks: undefined, jwksUrl: "https://idp.test/keys" })], {
      fetch: (async () => new Response("", { status: 500 })) as typeof fetch,
      now: () => NOW,
      monotonic: () => 0,
    });
    const tokens = { verify: (text: string) => verifier.verify(text), issuers: [entry()] };
    const { get, call } = createFixture({ credentials: { tokens } });
    const response = await get("/api/v1/agents", await bearer());
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
    // Which tenant's page it would be is not known: another's, or none, would be a wrong answer.
    const page = await call("/.well-known/agent-card.json", { headers: await bearer() });
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "10"]);
    for (const headers of [{}, { authorization: "Bearer wrong" }])
      expect((await call("/.well-known/agent-card.json", { headers })).status).toBe(200);
  });
});

const certificate = (more: Partial<ClientCertificate> = {}): ClientCertificate => ({
  subject: "O=Example\nCN=billing",
  issuer: "CN=ca",
  fingerprint256: `${"AB:".repeat(31)}CD`,
  ...more,
});

describe("client certificates", () => {
  const known = (more: Partial<CertificateCaller>): CertificateCaller => ({
    ...{ tenantId: "default", caller: "billing", role: "caller", scopes: [] },
    ...more,
  });
  const statusFor = async (one: Partial<CertificateCaller>, shown: ClientCertificate | undefined, headers = {}) => {
    const { gateway } = createFixture({ credentials: { certificates: [known(one)] } });
    const request = new Request("http://localhost:7300/api/v1/agents", { headers });
    return (await gateway.fetch(request, { clientCertificate: shown })).status;
  };

  it.each([
    [{ subject: "CN=billing, O=Example" }, certificate(), 200],
    [{ subject: "CN=billing" }, certificate(), 401],
    [{ subject: "CN=billing" }, certificate({ subject: "CN=billing" }), 200],
    [{ subject: "CN=billing, O=Example" }, certificate({ subject: "CN=billing, O=Example" }), 401],
    [{ subject: "CN=billing" }, certificate({ subject: "CN=billing\\nO=x" }), 401],
    [{ subject: "O=Example, Inc., CN=billing" }, certificate({ subject: "O=Example\\, Inc.\nCN=billing" }), 200],
    [{ subject: "CN=billing,O=Example\\, Inc." }, certificate({ subject: "O=Example\\, Inc.\nCN=billing" }), 200],
    [{ subject: 'cn = billing, O = "Example, Inc."' }, certificate({ subject: "O=Example\\, Inc.\nCN=billing" }), 200],
    [{ subject: "O=Example, Inc., CN=billing" }, certificate({ subject: "O=Example\nCN=billing" }), 401],
    [{ subject: "O=Example, CN=billing" }, certificate({ subject: "CN=Example\\, CN=billing" }), 401],
    [{ subject: "O=Example, CN=billing" }, certificate({ subject: "O=Example + CN=billing" }), 401],
    [{ subject: "CN=billing + O=Example" }, certificate({ subject: "O=Example + CN=billing" }), 200],
    [{ subject: "O=A+B, CN=billing" }, certificate({ subject: "O=A\\+B\nCN=billing" }), 200],
    [{ subject: String.raw`O=Caf\C3\A9, CN=\ x\"y\\` }, certificate({ subject: 'O=Café\nCN=\\ x\\"y\\\\' }), 200],
    [{ subject: "O=Example" }, certificate({ subject: "" }), 401],
    [{ fingerprint256: `${"ab".repeat(31)}cd` }, certificate(), 200],
    [{ fingerprint256: "ab".repeat(32) }, certificate(), 401],
    [{ subjectAltName: "URI:spiffe://a/b" }, certificate({ subjectAltName: "DNS:x, URI:spiffe://a/b" }), 200],
    [{ subjectAltName: "URI:spiffe://a/b" }, certificate({ subjectAltName: 'DNS:"x, URI:spiffe://a/b, y"' }), 401],
    [{ subjectAltName: "URI:spiffe://a/b" }, certificate({ subjectAltName: "URI:spiffe://a/bc" }), 401],
    [{ subjectAltName: "URI:spiffe://a/b" }, certificate(), 401],
    [{ subjectAltName: "URI:spiffe://a/b" }, certificate({ subjectAltName: "URI:spiffe://a/B" }), 401],
    [{ subjectAltName: "IP Address:::1" }, certificate({ subjectAltName: "IP Address:0:0:0:0:0:0:0:1" }), 200],
    [
      { subjectAltName: "IP Address:2001:db8::1" },
      certificate({ subjectAltName: "IP Address:2001:DB8:0:0:0:0:0:1" }),
      200,
    ],
    [{ subjectAltName: "IP Address:10.0.0.1" }, certificate({ subjectAltName: "DNS:x, IP Address:10.0.0.1" }), 200],
    [{ subjectAltName: "IP Address:10.0.0.1" }, certificate({ subjectAltName: "DNS:10.0.0.1" }), 401],
    [{ subjectAltName: "DNS:billing.example" }, certificate({ subjectAltName: "DNS:Billing.EXAMPLE" }), 200],
    [{ subjectAltName: "email:Ann@Example.com" }, certificate({ subjectAltName: "email:Ann@example.COM" }), 200],
    [{ subjectAltName: "email:ann@example.com" }, certificate({ subjectAltName: "email:Ann@example.com" }), 401],
    [{ subject: "CN=billing, O=Example" }, undefined, 401],
  ])("%j against %j: %i", async (one, shown, status) => {
    expect(await statusFor(one, shown)).toBe(status);
  });

  it("give way to what a header says, also when that is refused", async () => {
    const wrong = { "x-api-key": "a-key-that-nobody-has" };
    expect(await statusFor({ subject: "CN=billing, O=Example" }, certificate(), wrong)).toBe(401);
  });
});

describe("scopes that an agent asks for", () => {
  const fixture = () =>
    createFixture(
      {
        apiKeys: parseApiKeys([
          `${KEY} caller=plain`,
          `${KEY}2 caller=good scopes=loan:read,loan:write`,
          `${KEY}3 role=operator`,
        ]),
        credentials: { tokens: tokensOf(entry()) },
      },
      AGENTS,
    );

  it("are asked for before anything is looked up, at each operation", async () => {
    const { rpc, call, tasks } = fixture();
    const headers = await bearer({ scope: "loan:read" });
    const operations = [
      ...["SendMessage", "SendStreamingMessage", "GetTask", "ListTasks", "CancelTask", "SubscribeToTask"],
      ...["CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig", "ListTaskPushNotificationConfigs"],
      ...["DeleteTaskPushNotificationConfig", "GetExtendedAgentCard"],
    ];
    for (const operation of operations) {
      for (const params of [{}, { id: "task-1", taskId: "task-1" }, userMessage("x")]) {
        const response = await rpc(operation, params, { path: "/a2a/loan", headers });
        expect([operation, response.status]).toEqual([operation, 403]);
        expect(response.headers.get("www-authenticate")).toBe(
          'Bearer realm="agentcore", error="insufficient_scope", scope="loan:write"',
        );
      }
    }
    const rest = await call("/a2a/loan/tasks/task-1", { headers: { ...headers, "a2a-version": "1.0" } });
    expect([rest.status, (await rest.json()).error.status]).toEqual([403, "PERMISSION_DENIED"]);
    expect(tasks.tasks.size).toBe(0);
  });

  it.each([
    ["a token that has it", async () => bearer({ scope: "a loan:write" }), 200],
    ["a token without any", async () => bearer(), 403],
    ["a key that is given it", async () => ({ "x-api-key": `${KEY}2` }), 200],
    ["a key without any", async () => ({ "x-api-key": KEY }), 403],
    ["an operator's key", async () => ({ "x-api-key": `${KEY}3` }), 200],
  ])("%s: %i", async (_, headers, status) => {
    const { rpc } = fixture();
    const path = "/a2a/loan";
    expect((await rpc("SendMessage", userMessage("done"), { path, headers: (await headers()) as never })).status).toBe(
      status,
    );
    // Others ask for nothing.
    expect((await rpc("SendMessage", userMessage("done"), { headers: (await headers()) as never })).status).toBe(200);
  });

  it("hold for the HTTP API too: a narrower token of the same caller reads, answers and cancels nothing", async () => {
    const { result, get, post } = fixture();
    const wide = await bearer({ scope: "loan:write" });
    const { task } = await result("SendMessage", userMessage("ask"), { path: "/a2a/loan", headers: wide });
    const narrow = await bearer({ scope: "loan:read" });
    const at = `/api/v1/tasks/${task.id}`;
    expect((await get(at, wide)).status).toBe(200);
    for (const path of [at, `${at}/events`]) expect((await get(path, narrow)).status).toBe(403);
    expect((await get(`${at}/events`, { ...narrow, accept: "text/event-stream" })).status).toBe(403);
    expect((await post(`${at}/messages`, { text: "yes" }, narrow)).status).toBe(403);
    for (const verb of ["cancel", "retry"]) expect((await post(`${at}/${verb}`, {}, narrow)).status).toBe(403);
    // Of somebody else's there is nothing to say, not even that.
    expect((await get(at, await bearer({ sub: "bob" }))).status).toBe(404);
  });

  it("hold on for tasks of an agent that was deleted, as it asked when they began", async () => {
    const agents = [...AGENTS];
    let kept: readonly string[] | null = ["loan:write"];
    const { result, get } = createFixture(
      { credentials: { tokens: tokensOf(entry()) }, scopesOfTask: async () => kept },
      agents,
    );
    const wide = await bearer({ scope: "loan:write" });
    const { task } = await result("SendMessage", userMessage("ask"), { path: "/a2a/loan", headers: wide });
    agents.splice(agents.indexOf(LOAN), 1);
    const at = `/api/v1/tasks/${task.id}`;
    expect([(await get(at, wide)).status, (await get(at, await bearer())).status]).toEqual([200, 403]);
    kept = null;
    expect((await get(at, wide)).status).toBe(403);
    kept = [];
    expect((await get(at, await bearer())).status).toBe(200);
  });
});

describe("cards say what is taken", () => {
  const cardOf = async (more: Parameters<typeof createFixture>[0], agents = AGENTS, name = "echo") =>
    (await createFixture(more, agents).get(`/a2a/${name}/.well-known/agent-card.json`)).json();

  it("each way in, by itself, with the scopes that the agent asks for", async () => {
    const flows = {
      clientCredentials: { tokenUrl: "https://idp.test/token", scopes: { "loan:write": "Decide" } },
      deviceCode: { deviceAuthorizationUrl: "https://idp.test/device", tokenUrl: "https://idp.test/token", scopes: {} },
    };
    const oauth2 = { metadataUrl: "https://idp.test/.well-known/oauth-authorization-server", flows };
    const openIdConnectUrl = "https://idp.test/.well-known/openid-configuration";
    const certificates = [{ subject: "CN=a", tenantId: "default", caller: "a", role: "caller" as const, scopes: [] }];
    const credentials = { tokens: tokensOf(entry({ oauth2, openIdConnectUrl })), certificates };
    const card = await cardOf({ apiKeys: parseApiKeys([KEY]), credentials }, AGENTS, "loan");
    expect(card.securitySchemes).toEqual({
      bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } },
      apiKey: { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } },
      jwt: {
        httpAuthSecurityScheme: { scheme: "Bearer", bearerFormat: "JWT", description: `Access token of ${ISSUER}` },
      },
      openIdConnect: { openIdConnectSecurityScheme: { openIdConnectUrl } },
      oauth2ClientCredentials: {
        oauth2SecurityScheme: {
          flows: { clientCredentials: flows.clientCredentials },
          oauth2MetadataUrl: oauth2.metadataUrl,
        },
      },
      oauth2DeviceCode: {
        oauth2SecurityScheme: { flows: { deviceCode: flows.deviceCode }, oauth2MetadataUrl: oauth2.metadataUrl },
      },
      clientCertificate: { mtlsSecurityScheme: {} },
    });
    expect(card.securityRequirements).toEqual(
      Object.keys(card.securitySchemes).map((name) => ({ schemes: { [name]: { list: ["loan:write"] } } })),
    );
  });

  it("and nothing that is not: no keys where there are none, no issuer of another tenant", async () => {
    const credentials = { tokens: tokensOf(entry(), entry({ issuer: "https://acme.test/", tenantId: "acme" })) };
    const apiKeys = [{ ...parseApiKeys([KEY])[0], isOwn: true }] as never;
    const { securitySchemes } = await cardOf({ apiKeys, credentials });
    expect(Object.keys(securitySchemes)).toEqual(["jwt"]);
    expect(JSON.stringify(securitySchemes)).not.toContain("acme.test");
    expect(await cardOf({})).not.toHaveProperty("securitySchemes");
  });
});

describe("what is another caller's looks like what does not exist", () => {
  it("by id, by context, in lists and their totals, in streams and cancels", async () => {
    const { result, error, rpc, tasks } = createFixture({ credentials: { tokens: tokensOf(entry()) } });
    const ann = { headers: await bearer() };
    const bob = { headers: await bearer({ sub: "bob" }) };
    const { task } = await result("SendMessage", userMessage("ask"), ann);
    const gone = (id: string) =>
      [
        ["GetTask", { id }],
        ["CancelTask", { id }],
        ["SubscribeToTask", { id }],
        ["SendMessage", userMessage("x", { taskId: id })],
        ["SendStreamingMessage", userMessage("x", { taskId: id })],
        ["SendMessage", userMessage("x", { taskId: id, contextId: task.contextId })],
      ] as const;
    for (const [index, [operation, params]] of gone(task.id).entries()) {
      const foreign = await error(operation, params, bob);
      const unknown = await error(...(gone("task-unknown")[index] as readonly [string, object]), bob);
      expect(JSON.stringify(foreign).replaceAll(task.id, "ID")).toBe(
        JSON.stringify(unknown).replaceAll("task-unknown", "ID"),
      );
      expect(foreign.code).toBe(-32001);
    }
    const listed = await result("ListTasks", { contextId: task.contextId }, bob);
    expect(listed).toEqual(await result("ListTasks", { contextId: "context-unknown" }, bob));
    expect([listed.totalSize, (await result("ListTasks", {}, ann)).totalSize]).toEqual([0, 1]);
    // A conversation of the same name is another one.
    const own = await result("SendMessage", userMessage("done", { contextId: task.contextId }), bob);
    expect(own.task.id).not.toBe(task.id);
    expect((await result("ListTasks", { contextId: task.contextId }, ann)).totalSize).toBe(1);
    // The same message id of another caller is another message.
    const message = userMessage("done");
    const first = await result("SendMessage", message, ann);
    expect((await result("SendMessage", message, bob)).task.id).not.toBe(first.task.id);
    expect(tasks.sent).toEqual([]);
    const stream = readSse(await rpc("SubscribeToTask", { id: task.id }, ann));
    expect((await stream.next())?.data.result.task.id).toBe(task.id);
    await stream.cancel();
  });
});

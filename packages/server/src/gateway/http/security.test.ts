import { describe, expect, it } from "vitest";
import { createFixture, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "./parse-api-keys.ts";

const KEY = "0123456789abcdef-key";
const OPERATOR = "0123456789abcdef-operator";
const apiKeys = parseApiKeys([`${KEY} caller=ann`, `${OPERATOR} role=operator caller=root`]);

describe("API keys", () => {
  it("are asked for everywhere but on health and discovery pages", async () => {
    const { call, gateway } = createFixture({ apiKeys });
    for (const route of gateway.routes) {
      const response = await call(route.path.replace("{kind}", "Agent").replace(/\{\w+\}/g, "task"), {
        method: route.method,
      });
      expect(response.status === 401, `${route.method} ${route.path}`).toBe(route.access !== "public");
    }
    const refused = await call("/a2a/echo", { method: "POST", body: "{}" });
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="agentcore"']);
    expect((await refused.json()).jsonrpc).toBe("2.0");
    expect((await call("/a2a/nobody/tasks")).status).toBe(401);
    expect((await call("/.well-known/agent-card.json")).status).toBe(200);
  });

  it("come as Bearer or X-API-Key; wrong ones are refused", async () => {
    const { get } = createFixture({ apiKeys });
    expect((await get("/api/v1/agents", { authorization: `bearer ${KEY}` })).status).toBe(200);
    expect((await get("/api/v1/agents", { "x-api-key": KEY })).status).toBe(200);
    for (const bad of [{ authorization: `Bearer ${KEY}x` }, { authorization: `Basic ${KEY}` }, { "x-api-key": "" }]) {
      expect((await get("/api/v1/agents", bad)).status).toBe(401);
    }
  });

  it("only an operator's opens manifests and metrics", async () => {
    const { get } = createFixture({ apiKeys });
    for (const path of ["/api/v1/manifests", "/metrics"]) {
      expect((await get(path, { "x-api-key": KEY })).status).toBe(403);
      expect((await get(path, { "x-api-key": OPERATOR })).status).toBe(200);
    }
  });
});

describe("without keys", () => {
  it.each([
    [{ host: "evil.example" }, 403],
    [{ host: "localhost.evil.example" }, 403],
    [{ host: "127.0.0.1.evil.example:7300" }, 403],
    [{ host: "192.168.1.5" }, 403],
    [{ host: "[" }, 403],
    [{ host: "127.0.0.1:99999" }, 403],
    [{ host: "127.0.0.1:7300" }, 200],
    [{ host: "[::1]:7300" }, 200],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ host: "evil.localhost:7300" }, 403],
    [{ origin: "http://evil.localhost" }, 403],
    [{ origin: "http://evil.localhost:7300" }, 403],
    [{ origin: "http://localhost:3000" }, 403],
    [{ origin: "http://localhost" }, 403],
    [{ origin: "https://localhost:7300" }, 403],
    [{ origin: "http://localhost:7300" }, 200],
    [{ origin: "http://127.0.0.1:7300" }, 200],
    [{ origin: "http://[::1]:7300" }, 200],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "same-origin" }, 200],
    [{ "sec-fetch-site": "none" }, 200],
  ])("%j gets %i", async (headers, status) => {
    const { get, rpc } = createFixture();
    expect((await get("/api/v1/agents", headers as Record<string, string>)).status).toBe(status);
    expect((await rpc("SendMessage", userMessage("x"), { headers: headers as Record<string, string> })).status).toBe(
      status,
    );
  });

  it("the configured public URL is one more host and origin, and no other of its kind", async () => {
    const { get, gateway } = createFixture({ publicUrl: "http://desk.localhost:8080" });
    const own = { host: "desk.localhost:8080", origin: "http://desk.localhost:8080" };
    expect((await get("/api/v1/agents", own)).status).toBe(200);
    expect((await get("/api/v1/agents", { host: "other.localhost:8080" })).status).toBe(403);
    expect((await get("/api/v1/agents", { origin: "http://desk.localhost:8081" })).status).toBe(403);
    // The port it really has, behind whatever leads to it.
    const request = (origin: string) => new Request("http://localhost:7300/api/v1/agents", { headers: { origin } });
    const statusOf = async (origin: string) => (await gateway.fetch(request(origin), { localPort: 7300 })).status;
    expect(await statusOf("http://localhost:7300")).toBe(200);
    expect(await statusOf("http://localhost:8080")).toBe(403);
  });

  it("only loopback addresses may call; health answers any host", async () => {
    const { gateway, get } = createFixture();
    const request = () => new Request("http://localhost/api/v1/agents");
    expect((await gateway.fetch(request(), { remoteAddress: "10.0.0.1" })).status).toBe(403);
    expect((await gateway.fetch(request(), { remoteAddress: "::ffff:127.0.0.1" })).status).toBe(200);
    expect((await get("/healthz", { host: "10.0.0.7" })).status).toBe(200);
  });
});

it("every answer forbids sniffing, and none opens itself to other origins", async () => {
  const { get, rpc } = createFixture();
  const answers = [
    await get("/"),
    await get("/healthz"),
    await get("/.well-known/agent-card.json"),
    await rpc("SendStreamingMessage", userMessage("x")),
  ];
  for (const { headers } of answers) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.has("access-control-allow-origin")).toBe(false);
  }
});

import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { BASE, createFixture } from "../../../test/gateway/gateway-fixture.ts";
import type { TokenCaller } from "../deps/credentials.ts";

const issuer = { issuer: "https://login.example.com", tenantId: "default" } as TokenCaller;
const tokens = {
  issuers: [issuer],
  verify: async () => {
    throw new PlatformError("UNAUTHENTICATED", "no");
  },
};

test("a client without a token is told where tokens come from", async () => {
  const { gateway } = createFixture({ credentials: { tokens } });
  const refused = await gateway.fetch(new Request(`${BASE}/mcp`, { method: "POST", body: "{}" }));
  expect(refused.status).toBe(401);
  const address = `${BASE}/.well-known/oauth-protected-resource/mcp`;
  expect(refused.headers.get("www-authenticate")).toBe(`Bearer realm="agentcore", resource_metadata="${address}"`);
  const metadata = await gateway.fetch(new Request(address));
  expect(await metadata.json()).toEqual({
    resource: `${BASE}/mcp`,
    authorization_servers: ["https://login.example.com"],
    bearer_methods_supported: ["header"],
  });
});

test("a node that takes no tokens says nothing of where they come from", async () => {
  const { gateway } = createFixture();
  const metadata = await gateway.fetch(new Request(`${BASE}/.well-known/oauth-protected-resource/mcp`));
  expect(metadata.status).toBe(404);
});

test("pages of other web sites are kept out", async () => {
  const { gateway } = createFixture();
  for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }]) {
    const refused = await gateway.fetch(new Request(`${BASE}/mcp`, { method: "POST", body: "{}", headers }));
    expect(refused.status).toBe(403);
  }
});

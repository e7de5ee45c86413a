import type { AgentCard } from "@agentcore/contract";
import { expect, it } from "vitest";
import { toHybridCard } from "./legacy-card.ts";

const card: AgentCard = {
  name: "echo",
  description: "Echoes",
  version: "1",
  supportedInterfaces: [
    { url: "https://agents.test/1", protocolBinding: "JSONRPC", protocolVersion: "1.0" },
    { url: "agents.test:4701", protocolBinding: "GRPC", protocolVersion: "0.3" },
    { url: "https://agents.test/0", protocolBinding: "JSONRPC", protocolVersion: "0.3" },
  ],
  capabilities: { extendedAgentCard: true },
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [{ id: "s", name: "S", description: "d", tags: ["t"] }],
};

it("prefers the first interface of 0.3 and lists them all; 1.0's members stay as they are", () => {
  const hybrid = toHybridCard(card);
  expect(hybrid).toMatchObject(card);
  expect(hybrid).toMatchObject({
    url: "agents.test:4701",
    preferredTransport: "GRPC",
    additionalInterfaces: [
      { url: "agents.test:4701", transport: "GRPC" },
      { url: "https://agents.test/0", transport: "JSONRPC" },
    ],
    supportsAuthenticatedExtendedCard: true,
  });
});

it("a card without an interface of 0.3 is not touched", () => {
  const modern = { ...card, supportedInterfaces: card.supportedInterfaces.slice(0, 1) };
  expect(toHybridCard(modern)).toBe(modern);
});

const flows = {
  clientCredentials: { tokenUrl: "https://login.test/token", scopes: { run: "Run" } },
  deviceCode: { deviceAuthorizationUrl: "https://login.test/device", tokenUrl: "https://login.test/token", scopes: {} },
};

it.each([
  [
    { apiKeySecurityScheme: { location: "query" as const, name: "key", description: "d" } },
    { type: "apiKey", in: "query", name: "key", description: "d" },
  ],
  [
    { httpAuthSecurityScheme: { scheme: "Bearer", bearerFormat: "JWT" } },
    { type: "http", scheme: "Bearer", bearerFormat: "JWT" },
  ],
  [
    { oauth2SecurityScheme: { flows, oauth2MetadataUrl: "https://login.test/meta" } },
    {
      type: "oauth2",
      flows: { clientCredentials: flows.clientCredentials },
      oauth2MetadataUrl: "https://login.test/meta",
    },
  ],
  [
    { openIdConnectSecurityScheme: { openIdConnectUrl: "https://login.test/openid" } },
    { type: "openIdConnect", openIdConnectUrl: "https://login.test/openid" },
  ],
  [{ mtlsSecurityScheme: {} }, { type: "mutualTLS" }],
])("%j has OpenAPI's shape beside its own", (scheme, legacy) => {
  expect(toHybridCard({ ...card, securitySchemes: { one: scheme } })).toMatchObject({
    securitySchemes: { one: { ...legacy, ...scheme } },
  });
});

it("requirements are maps of lists in 0.3", () => {
  const securityRequirements = [{ schemes: { one: { list: ["run"] }, two: {} } }, { schemes: { three: { list: [] } } }];
  expect(toHybridCard({ ...card, securityRequirements })).toMatchObject({
    securityRequirements,
    security: [{ one: ["run"], two: [] }, { three: [] }],
  });
});

import { describe, expect, it } from "vitest";
import { canonicalCard } from "./canonical-card.ts";

const BARE = {
  name: "echo",
  description: "",
  supportedInterfaces: [{ url: "https://a.test", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  version: "1",
  capabilities: {},
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [],
};
const canonical = (more: object, options?: Parameters<typeof canonicalCard>[1]) =>
  JSON.parse(canonicalCard({ ...BARE, ...more }, options));

describe("what is signed of a card", () => {
  it("keeps REQUIRED fields that are empty, and names those that are missing", () => {
    expect(canonicalCard(BARE)).toBe(
      '{"capabilities":{},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"description":"","name":"echo","skills":[],"supportedInterfaces":[{"protocolBinding":"JSONRPC","protocolVersion":"1.0","url":"https://a.test"}],"version":"1"}',
    );
    const { description: _, skills: __, ...missing } = BARE;
    expect(canonicalCard(missing)).toBe(canonicalCard(BARE));
  });

  it("keeps `optional` fields that are set, whatever their value, and leaves out those that are not", () => {
    expect(canonical({ capabilities: { streaming: false }, documentationUrl: "", iconUrl: null })).toEqual({
      ...BARE,
      capabilities: { streaming: false },
      documentationUrl: "",
    });
  });

  it("leaves out other fields that have their default", () => {
    const withDefaults = {
      supportedInterfaces: [{ ...BARE.supportedInterfaces[0], tenant: "" }],
      capabilities: { extensions: [{ uri: "https://e.test", description: "", required: false, params: {} }] },
      securitySchemes: {},
      securityRequirements: [],
      skills: [{ id: "a", name: "A", description: "", tags: [], examples: [], inputModes: [] }],
    };
    expect(canonical(withDefaults)).toEqual({
      ...BARE,
      capabilities: { extensions: [{ uri: "https://e.test", params: {} }] },
      skills: [{ id: "a", name: "A", description: "", tags: [] }],
    });
  });

  it("covers how callers have to authenticate, also where nothing is said but a name", () => {
    const security = {
      securitySchemes: {
        certificate: { mtlsSecurityScheme: {} },
        key: { apiKeySecurityScheme: { location: "header", name: "X-API-Key", description: "" } },
        sign: { oauth2SecurityScheme: { flows: { clientCredentials: { tokenUrl: "https://i.test", scopes: {} } } } },
      },
      securityRequirements: [{ schemes: { certificate: { list: [] } } }, { schemes: { sign: { list: ["a"] } } }],
    };
    expect(canonical(security)).toEqual({
      ...BARE,
      securitySchemes: {
        ...security.securitySchemes,
        key: { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } },
      },
      securityRequirements: [{ schemes: { certificate: {} } }, { schemes: { sign: { list: ["a"] } } }],
    });
  });

  it("does not cover signatures, nor what A2A 1.0 does not know unless asked to", () => {
    const more = { signatures: [{}], url: "https://a.test", preferredTransport: "JSONRPC" };
    expect(canonical(more)).toEqual(BARE);
    const { signatures: _, ...unknown } = more;
    expect(canonical(more, { keepUnknown: true })).toEqual({ ...BARE, ...unknown });
  });

  it("is the same however the card is written", () => {
    const turned = Object.fromEntries(Object.entries(BARE).reverse());
    expect(canonicalCard(turned)).toBe(canonicalCard(BARE));
  });
});

it.each([
  ["null", null],
  ["a list", []],
  ["skills that are a text", { ...BARE, skills: "all" }],
  ["a skill that is none", { ...BARE, skills: [1] }],
  ["a name that is an object", { ...BARE, name: { first: "a" } }],
])("%s is refused, and the place is named", (_, card) => {
  expect(() => canonicalCard(card)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

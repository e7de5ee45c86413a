import { generateKeyPairSync } from "node:crypto";
import { createCardSigner, createCardVerifier } from "@agentcore/a2a/cards";
import { AgentCard, PlatformError } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { createFixture, describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { DocumentCache } from "./document-cache.ts";

const KEY = "0123456789abcdef-key";
const apiKeys = parseApiKeys([`${KEY} caller=ann`]);
const CARD = "/a2a/echo/.well-known/agent-card.json";
const CATALOG = "/.well-known/ai-catalog.json";
const EXTRA = { id: "shout", name: "Shout", description: "Says it loudly", tags: ["text"] };
const EXTENDED = [describeAgent("echo", { extendedCard: { description: "All of it", skills: [EXTRA] } })];

const signed = async (more: Partial<GatewayDeps> = {}, agents = EXTENDED) => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const cardSigner = await createCardSigner([key.export({ type: "pkcs8", format: "pem" }) as string]);
  const fixture = createFixture({ cardSigner, ...more }, agents);
  const verifier = createCardVerifier({
    jkuHosts: ["localhost:7300"],
    fetch: (async (url: string, init?: RequestInit) => fixture.gateway.fetch(new Request(url, init))) as typeof fetch,
    monotonic: () => 0,
  });
  return { ...fixture, cardSigner, verifier };
};

describe("the profile of an agent", () => {
  it("stands on its card as an extension, and over the HTTP API, with its band", async () => {
    const profile = { latencyMs: { from: 20, to: 80 }, doesNot: ["change a row"] };
    const { get } = createFixture({}, [describeAgent("echo", { profile })]);
    const { capabilities } = AgentCard.parse(await (await get(CARD)).json());
    expect(capabilities.extensions).toContainEqual({
      uri: "https://agentcore.dev/a2a/extensions/profile/v1",
      description: "How fast it answers, and what it does not do",
      params: { ...profile, latencyBand: "fast" },
    });
    expect(await (await get("/api/v1/agents/echo")).json()).toMatchObject({
      profile: { ...profile, latencyBand: "fast" },
    });
  });
});

describe("signed cards", () => {
  it("are verified with the keys that the node publishes", async () => {
    const { get, verifier, cardSigner } = await signed({ apiKeys });
    const card = await (await get(CARD)).json();
    expect(AgentCard.strict().parse(card)).toEqual(card);
    expect((await verifier.verify(card)).kid).toBe(cardSigner.jwks.keys[0]?.kid);
    await expect(verifier.verify({ ...card, securityRequirements: [] })).rejects.toMatchObject({
      code: "INVALID_AGENT_RESPONSE",
    });
    const keys = await get("/.well-known/jwks.json");
    expect([keys.status, keys.headers.get("content-type"), keys.headers.get("cache-control")]).toEqual([
      200,
      "application/jwk-set+json",
      "public, max-age=300",
    ]);
    expect(await keys.json()).toEqual(cardSigner.jwks);
  });

  it("are verified in the form for both versions too, as the 1.0 card in it", async () => {
    const { get, call, verifier } = await signed({ apiKeys });
    const hybrid = await (await call(CARD)).json();
    const { signatures: _, ...pure } = await (await get(CARD)).json();
    expect([hybrid.preferredTransport, hybrid.securitySchemes.apiKey.type]).toEqual(["JSONRPC", "apiKey"]);
    const { card } = await verifier.verify(hybrid);
    const requirements = [{ schemes: { bearer: {} } }, { schemes: { apiKey: {} } }];
    expect(card).toEqual({ ...pure, securityRequirements: requirements });
  });

  it("are signed once: the same bytes and tags until something changes in them", async () => {
    const { get, gateway, cardSigner } = await signed();
    const answers = await Promise.all(Array.from({ length: 5 }, () => get(CARD)));
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
    const etag = answers[0]?.headers.get("etag") ?? "";
    expect((await get(CARD, { "if-none-match": etag })).status).toBe(304);
    expect(gateway.routes.some(({ operationId }) => operationId === "getCardKeys")).toBe(true);
    expect(cardSigner.jwks.keys).toHaveLength(1);
  });

  it("cannot be had from a node that signs none", async () => {
    const { get } = createFixture();
    expect(await (await get(CARD)).json()).not.toHaveProperty("signatures");
    expect((await get("/.well-known/jwks.json")).status).toBe(404);
  });
});

describe("pages of an agent whose own card changes, as a remote one's does", () => {
  it("are not the ones from before, for who has those either, though its manifest is the same", async () => {
    const agents = [describeAgent("far", { extendedCard: { skills: [EXTRA] } })];
    const { get } = createFixture({ apiKeys }, agents);
    const headers = { authorization: `Bearer ${KEY}` };
    const [card, extended, catalog] = [CARD.replace("echo", "far"), "/a2a/far/extendedAgentCard", CATALOG];
    const changes = [
      { description: "Other words" },
      { skills: [EXTRA] },
      { inputModes: ["a/b"] },
      { outputModes: ["c/d"] },
    ];
    for (const change of [...changes, { extensions: [{ uri: "https://x.example/" }] }]) {
      const before = await Promise.all([card, catalog].map(async (path) => (await get(path, headers)).headers));
      const whole = await (await get(extended, headers)).text();
      agents[0] = { ...describeAgent("far", { extendedCard: { skills: [EXTRA] } }), ...agents[0], ...change };
      const etags = before.map((sent) => sent.get("etag") ?? "");
      const fresh = await get(card, { ...headers, "if-none-match": etags[0] ?? "" });
      expect([Object.keys(change), fresh.status]).toEqual([Object.keys(change), 200]);
      expect(await (await get(extended, headers)).text()).not.toBe(whole);
      const isListed = "description" in change;
      expect((await get(catalog, { ...headers, "if-none-match": etags[1] ?? "" })).status).toBe(isListed ? 200 : 304);
    }
  });
});

describe("the cache of documents", () => {
  const content = { a: 1 };

  it("signs a content once, also for versions that say the same, and again what failed", async () => {
    const cache = new DocumentCache();
    let signatures = 0;
    const finish = async (value: object) => {
      signatures += 1;
      if (signatures === 1) throw new PlatformError("UNAVAILABLE", "no key yet");
      return { ...value, signatures };
    };
    const get = (version: string, now: number) => cache.get("card", [version], { build: () => content, finish }, now);
    await expect(get("1", 1)).rejects.toThrow("no key yet");
    const first = await get("1", 2);
    expect(first).toMatchObject({ text: '{"a":1,"signatures":2}', modifiedAt: 2 });
    expect(await get("2", 3)).toBe(first);
    expect(signatures).toBe(2);
  });

  it("drops what nobody has asked for the longest when it is full", async () => {
    const cache = new DocumentCache(2);
    const built: string[] = [];
    const get = (key: string) =>
      cache.get(key, ["1"], { build: () => ({ content, made: built.push(key) }) }, built.length);
    for (const key of ["a", "b", "a", "c", "a", "b", "c"]) await get(key);
    expect(built).toEqual(["a", "b", "c", "b", "c"]);
  });
});

describe("the extended card", () => {
  it("is announced, and shows those who authenticated what the manifest adds", async () => {
    const { get, result, verifier } = await signed({ apiKeys });
    const headers = { authorization: `Bearer ${KEY}` };
    const open = await (await get(CARD)).json();
    expect(open.capabilities.extendedAgentCard).toBe(true);
    expect(open.skills.map(({ id }: { id: string }) => id)).toEqual(["say"]);
    const rest = await get("/a2a/echo/extendedAgentCard", headers);
    expect([rest.status, rest.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const card = await rest.json();
    expect(AgentCard.strict().parse(card)).toEqual(card);
    expect([card.description, card.skills.map(({ id }: { id: string }) => id)]).toEqual([
      "All of it",
      ["say", "shout"],
    ]);
    expect(await result("GetExtendedAgentCard", undefined, { headers })).toEqual(card);
    await verifier.verify(card);
  });

  it("CARD-EXT-001: is refused without a valid credential, on either binding", async () => {
    const { get, rpc } = await signed({ apiKeys });
    for (const headers of [{}, { authorization: "Bearer wrong-key-of-some-length" }] as Record<string, string>[]) {
      expect((await get("/a2a/echo/extendedAgentCard", headers)).status).toBe(401);
      const answer = await rpc("GetExtendedAgentCard", {}, { headers });
      expect([answer.status, answer.headers.has("www-authenticate")]).toEqual([401, true]);
    }
  });

  it("CORE-CAP-003: an agent that declares none says so", async () => {
    const { get, error } = await signed({}, [describeAgent("echo")]);
    expect((await (await get(CARD)).json()).capabilities.extendedAgentCard).toBe(false);
    expect((await error("GetExtendedAgentCard", {})).code).toBe(-32004);
    expect((await get("/a2a/echo/extendedAgentCard")).status).toBe(400);
  });

  it("CARD-EXT-001: there is none where nobody has to authenticate", async () => {
    const { get, error } = await signed();
    expect((await (await get(CARD)).json()).capabilities.extendedAgentCard).toBe(false);
    expect((await error("GetExtendedAgentCard", {})).code).toBe(-32004);
  });

  it("is that of the caller's tenant: naming another one is refused", async () => {
    const { get, rpc } = await signed({ apiKeys });
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await get("/a2a/echo/default/extendedAgentCard", headers)).status).toBe(200);
    expect((await get("/a2a/echo/acme/extendedAgentCard", headers)).status).toBe(403);
    expect((await rpc("GetExtendedAgentCard", { tenant: "acme" }, { headers })).status).toBe(403);
  });

  it("replaces a public skill by one with its id", async () => {
    const skill = { ...EXTRA, id: "say", name: "Say more" };
    const { result } = await signed({ apiKeys }, [describeAgent("echo", { extendedCard: { skills: [skill] } })]);
    const headers = { authorization: `Bearer ${KEY}` };
    expect(await result("GetExtendedAgentCard", {}, { headers })).toMatchObject({
      description: "The echo agent",
      skills: [{ id: "say", name: "Say more" }],
    });
  });
});

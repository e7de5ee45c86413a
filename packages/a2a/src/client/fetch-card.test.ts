import { describe, expect, it } from "vitest";
import { chooseInterface, fetchCard } from "./index.ts";

const current = {
  name: "A",
  description: "a",
  version: "1",
  capabilities: { streaming: true, extensions: [{ uri: "https://x.example/e" }] },
  supportedInterfaces: [
    { url: "https://a.example/v0", protocolBinding: "JSONRPC", protocolVersion: "0.3" },
    { url: "https://a.example/rest", protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
    { url: "https://a.example/rpc", protocolBinding: "JSONRPC", protocolVersion: "1.0.1", tenant: "t" },
  ],
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [{ id: "s", name: "S", description: "d", tags: [] }, { id: 7 }, { id: "s", name: "T" }],
};
const legacy = {
  name: "B",
  protocolVersion: "0.3.0",
  url: "https://b.example/rpc",
  preferredTransport: "JSONRPC",
  additionalInterfaces: [{ url: "https://b.example/rest", transport: "HTTP+JSON" }],
  capabilities: {},
  securitySchemes: {
    o: { type: "oauth2", flows: { clientCredentials: { tokenUrl: "https://b.example/token", scopes: {} } } },
  },
};

/** Answers by path; what is not there is 404. */
const host = (answers: Readonly<Record<string, unknown>>, asked: string[] = []): typeof fetch =>
  (async (input: string) => {
    const { pathname } = new URL(input);
    asked.push(pathname);
    const answer = answers[pathname];
    if (answer === undefined) return new Response("", { status: 404 });
    return answer instanceof Response ? answer : Response.json(answer);
  }) as unknown as typeof fetch;

describe("finding a card", () => {
  it("looks at the well-known places of both generations below a base address", async () => {
    const asked: string[] = [];
    const { card, url } = await fetchCard({
      url: "https://b.example/agents/b",
      fetch: host({ "/agents/b/.well-known/agent.json": legacy }, asked),
    });
    expect(asked).toEqual(["/agents/b/.well-known/agent-card.json", "/agents/b/.well-known/agent.json"]);
    expect(url).toBe("https://b.example/agents/b/.well-known/agent.json");
    expect(card?.interfaces.map(({ version }) => version)).toEqual(["0.3", "0.3"]);
    expect(card?.tokenUrl).toBe("https://b.example/token");
  });

  it("takes a card's own address as it is, and keeps the readable skills", async () => {
    const { card } = await fetchCard({
      url: "https://a.example/x/card.json",
      fetch: host({ "/x/card.json": current }),
    });
    expect(card?.skills.map(({ id }) => id)).toEqual(["s"]);
    expect(card).toMatchObject({ streaming: true, extensions: ["https://x.example/e"], raw: { name: "A" } });
  });

  it("reads the interfaces of both forms where a card has both, each once", async () => {
    const both = {
      ...{ ...legacy, ...current, url: "https://a.example/v0" },
      additionalInterfaces: [{ url: "https://a.example/old", transport: "HTTP+JSON" }],
    };
    const { card } = await fetchCard({ url: "https://a.example/c.json", fetch: host({ "/c.json": both }) });
    expect(card?.interfaces.map(({ url }) => new URL(url).pathname)).toEqual(["/v0", "/rest", "/rpc", "/old"]);
    expect(card?.interfaces.at(-1)).toEqual({
      ...{ url: "https://a.example/old", binding: "HTTP+JSON", version: "0.3" },
    });
  });

  it("says where it looked when there is none, and what is wrong with one that is none", async () => {
    await expect(fetchCard({ url: "https://a.example/", fetch: host({}) })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("agent-card.json, nor at"),
    });
    await expect(
      fetchCard({ url: "https://a.example/c.json", fetch: host({ "/c.json": { name: "x" } }) }),
    ).rejects.toMatchObject({
      code: "INVALID_AGENT_RESPONSE",
      message: expect.stringContaining("supportedInterfaces"),
    });
  });

  it("asks for a change only, and reads how long a card is good for", async () => {
    const answer = new Response(JSON.stringify(current), {
      headers: { etag: '"1"', "cache-control": "public, max-age=60" },
    });
    const first = await fetchCard({ url: "https://a.example/c.json", fetch: host({ "/c.json": answer }) });
    expect(first).toMatchObject({ etag: '"1"', maxAgeMs: 60_000 });
    const seen: unknown[] = [];
    const unchanged = (async (_: string, init: RequestInit) => {
      seen.push((init.headers as Record<string, string>)["if-none-match"]);
      return new Response(null, { status: 304 });
    }) as unknown as typeof fetch;
    expect(await fetchCard({ url: first.url, fetch: unchanged, etag: first.etag })).toMatchObject({
      card: null,
      etag: '"1"',
    });
    expect(seen).toEqual(['"1"']);
  });

  it("is bounded in size and time", async () => {
    const huge = new Response("x".repeat(2_000_000));
    await expect(
      fetchCard({ url: "https://a.example/c.json", fetch: host({ "/c.json": huge }) }),
    ).rejects.toMatchObject({
      code: "TOO_LARGE",
    });
    const silent = ((_: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      })) as unknown as typeof fetch;
    await expect(fetchCard({ url: "https://a.example/c.json", fetch: silent, timeoutMs: 20 })).rejects.toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
  });
});

describe("choosing an interface", () => {
  const card = async () => {
    const { card: found } = await fetchCard({ url: "https://a.example/c.json", fetch: host({ "/c.json": current }) });
    if (found === null) throw new Error("no card");
    return found;
  };

  it("prefers the newer version, then JSON-RPC", async () => {
    expect(chooseInterface(await card())).toEqual({
      url: "https://a.example/rpc",
      binding: "JSONRPC",
      version: "1.0",
      tenant: "t",
    });
    expect(chooseInterface(await card(), { bindings: ["HTTP+JSON"] })).toMatchObject({ url: "https://a.example/rest" });
    expect(chooseInterface(await card(), { versions: ["0.3"] })).toMatchObject({ url: "https://a.example/v0" });
  });

  it("passes by an address that may not be called, and says why when none may", async () => {
    const refuse = ({ url }: { readonly url: string }) => (url.endsWith("/rpc") ? "it is forbidden" : undefined);
    expect(chooseInterface(await card(), { refuse })).toMatchObject({ url: "https://a.example/rest" });
    await expect(async () => chooseInterface(await card(), { refuse: () => "it is forbidden" })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("it is forbidden"),
    });
  });

  it("says what the agent offers when none of it is spoken", async () => {
    await expect(async () =>
      chooseInterface({ ...(await card()), interfaces: [{ url: "https://a:1", binding: "GRPC", version: "0.3" }] }),
    ).rejects.toMatchObject({
      code: "VERSION_NOT_SUPPORTED",
      message: expect.stringContaining("offers GRPC 0.3"),
    });
  });
});

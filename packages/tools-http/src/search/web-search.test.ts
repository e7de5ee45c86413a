import { expect, onTestFinished, test } from "vitest";
import { call, type Served, serve, surroundingsOf } from "../../test/local-server.ts";
import { webSearchLibrary } from "../index.ts";
import type { SearchOptions } from "./web-search.ts";

type Handle = Parameters<typeof serve>[0];

const served = async (handle: Handle): Promise<Served> => {
  const server = await serve(handle);
  onTestFinished(() => server.close());
  return server;
};

const answering = (answer: unknown): Promise<Served> =>
  served((_request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer)),
  );

const open = (options: SearchOptions) =>
  webSearchLibrary.open(options, surroundingsOf(webSearchLibrary.reaches?.(options) ?? [], { SEARCH_KEY: "k3y" }));

const key = { env: "SEARCH_KEY" };
const found = (title: string, url: string, snippet: string) => ({ title, url, snippet });

// As their documentation shows them, but for what is not read.
test("Brave is asked as it documents", async () => {
  const brave = await answering({
    ...{ type: "search", query: { original: "norway" } },
    web: {
      type: "search",
      results: [
        { title: "Norway", url: "https://no.example/", description: "A <strong>country</strong>", language: "en" },
        { title: "Oslo", url: "https://oslo.example/" },
      ],
    },
  });
  const tools = await open({ provider: "brave", key, baseUrl: brave.origin });
  expect(await call(tools, "web_search", { query: "norway & more", count: 3 })).toEqual({
    provider: "brave",
    results: [found("Norway", "https://no.example/", "A country"), found("Oslo", "https://oslo.example/", "")],
  });
  expect(brave.requests[0]).toMatchObject({
    ...{ method: "GET", url: "/res/v1/web/search?q=norway+%26+more&count=3" },
    headers: { "x-subscription-token": "k3y", accept: "application/json" },
  });
  const none = await answering({ type: "search", query: { original: "x" } });
  const empty = await open({ provider: "brave", key, baseUrl: none.origin });
  expect(await call(empty, "web_search", { query: "x" })).toEqual({ provider: "brave", results: [] });
});

test("Tavily is asked as it documents", async () => {
  const tavily = await answering({
    ...{ query: "who", answer: null, images: [], response_time: "1.67" },
    results: [{ title: "Facts", url: "https://a.example/", content: "Born in 1987", score: 0.81, raw_content: null }],
  });
  const tools = await open({ provider: "tavily", key, baseUrl: `${tavily.origin}/` });
  expect(await call(tools, "web_search", { query: "who" })).toEqual({
    ...{ provider: "tavily", results: [found("Facts", "https://a.example/", "Born in 1987")] },
  });
  expect(tavily.requests[0]).toMatchObject({
    method: "POST",
    url: "/search",
    headers: { authorization: "Bearer k3y" },
  });
  expect(JSON.parse(tavily.requests[0]?.body ?? "")).toEqual({ query: "who", max_results: 10 });
});

test("Serper is asked as it documents", async () => {
  const serper = await answering({
    ...{ searchParameters: { q: "apple", type: "search" }, knowledgeGraph: { title: "Apple" } },
    organic: [{ title: "Apple", link: "https://apple.example/", snippet: "Discover", position: 1 }],
  });
  const tools = await open({ provider: "serper", key, baseUrl: serper.origin });
  expect(await call(tools, "web_search", { query: "apple", count: 1 })).toEqual({
    ...{ provider: "serper", results: [found("Apple", "https://apple.example/", "Discover")] },
  });
  expect(serper.requests[0]).toMatchObject({ method: "POST", url: "/search", headers: { "x-api-key": "k3y" } });
  expect(JSON.parse(serper.requests[0]?.body ?? "")).toEqual({ q: "apple", num: 1 });
});

test("a SearXNG of one's own is asked without a key, and as many are taken as were asked for", async () => {
  const results = Array.from({ length: 20 }, (_, index) => ({
    ...{ url: `https://a.example/${index}`, title: `T${index}`, content: "c".repeat(5000), engine: "x" },
  }));
  const searxng = await answering({ query: "q", number_of_results: 20, results });
  const tools = await open({ provider: "searxng", baseUrl: `${searxng.origin}/sub`, maxResults: 5 });
  const given = (await call(tools, "web_search", { query: "q" })) as { results: { snippet: string }[] };
  expect(given.results).toHaveLength(5);
  expect(given.results[0]?.snippet).toHaveLength(2001);
  expect(searxng.requests[0]).toMatchObject({ method: "GET", url: "/sub/search?q=q&format=json" });
  await expect(call(tools, "web_search", { query: "q", count: 6 })).rejects.toThrow();
});

test("too many searches are tried again when the provider says; a wrong key is not", async () => {
  let status = 429;
  const provider = await served((_request, response) => response.writeHead(status, { "retry-after": "2" }).end("no"));
  const tools = await open({ provider: "brave", key, baseUrl: provider.origin });
  const search = () => call(tools, "web_search", { query: "x" });
  await expect(search()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true, retryAfterMs: 2000 });
  status = 401;
  await expect(search()).rejects.toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
  status = 422;
  await expect(search()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
});

test("what is no answer is no result: no JSON, another shape, too much of it, a redirect with the key", async () => {
  const other = await answering({ web: { results: [] } });
  const bodies = ["<html>", '{"web":{"results":[{"title":1}]}}', "[".repeat(5 * 1024 * 1024)];
  const provider = await served((_request, response) => {
    const body = bodies.shift();
    if (body === undefined) response.writeHead(302, { location: other.origin }).end();
    else response.end(body);
  });
  const tools = await open({ provider: "brave", key, baseUrl: provider.origin });
  const search = () => call(tools, "web_search", { query: "x" });
  await expect(search()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
  await expect(search()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
  await expect(search()).rejects.toMatchObject({ code: "TOO_LARGE" });
  await expect(search()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
  expect(other.requests).toEqual([]);
});

test("an answer without a body is no result, and is not waited for", async () => {
  const provider = await served((_request, response) => response.writeHead(204).end());
  const tools = await open({ provider: "brave", key, baseUrl: provider.origin });
  await expect(call(tools, "web_search", { query: "x" })).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
});

test("a search says its price, and what it asks of who has it made", async () => {
  const [tool] = await open({ provider: "brave", key, costUsd: 0.005, maxCalls: 3, permission: "web:search" });
  expect(tool).toMatchObject({ readOnly: true, costUsd: 0.005, maxCalls: 3, permission: "web:search" });
});

test.each([
  [{ provider: "brave" }, "key"],
  [{ provider: "searxng" }, "baseUrl"],
  [{ provider: "searxng", baseUrl: "https://search.example.com", key }, "key"],
  [{ provider: "brave", key: { env: "PATH" } }, "key.env"],
  [{ provider: "brave", key: "k3y" }, "key"],
  [{ provider: "bing", key }, "provider"],
  [{ provider: "searxng", baseUrl: "https://example.com/?to=" }, "baseUrl"],
])("options that lack something, or hold a key, are refused: %j", async (options, field) => {
  const judged = await webSearchLibrary.options["~standard"].validate(options);
  expect(judged.issues?.[0]?.path?.map(String).join(".")).toBe(field);
});

test("its key is for its own address, and only over https but to this machine", () => {
  expect(webSearchLibrary.reaches?.({ provider: "brave", key })).toEqual([
    { field: "baseUrl", kind: "address", value: "https://api.search.brave.com", withSecret: true },
    { field: "key.env", kind: "secret", value: "SEARCH_KEY" },
  ]);
});

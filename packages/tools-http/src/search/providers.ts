/** Who searches: how each is asked, and what of its answer is a result. As their documentation has it, November 2026. */
import { z } from "zod";

export interface SearchResult {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

export interface SearchQuery {
  readonly query: string;
  /** Results. */
  readonly count: number;
  /** Undefined: the provider takes none, or none was set. */
  readonly key: string | undefined;
}

export interface SearchRequest {
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SearchProvider {
  /** Null: it is hosted by whoever uses it. */
  readonly baseUrl: string | null;
  readonly needsKey: boolean;
  /** Results that one request may ask for; null: as many as it gives. */
  readonly maxCount: number | null;
  request(query: SearchQuery): SearchRequest;
  /** Throws a ZodError for what is no answer of it. */
  results(answer: unknown): readonly SearchResult[];
}

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? "");
const JSON_TYPE = { "content-type": "application/json" };

const Brave = z.object({
  web: z.object({ results: z.array(z.object({ title: Text, url: z.string(), description: Text })) }).nullish(),
});
const Tavily = z.object({ results: z.array(z.object({ title: Text, url: z.string(), content: Text })) });
const Serper = z.object({ organic: z.array(z.object({ title: Text, link: z.string(), snippet: Text })).default([]) });
const Searxng = Tavily;

/** Brave shows in its snippets where the words of the query are. */
const withoutMarks = (text: string): string => text.replaceAll(/<\/?strong>/g, "");

export const PROVIDERS = {
  brave: {
    baseUrl: "https://api.search.brave.com",
    needsKey: true,
    maxCount: 20,
    request: ({ query, count, key }) => ({
      path: `/res/v1/web/search?${new URLSearchParams({ q: query, count: String(count) }).toString()}`,
      method: "GET",
      headers: { "x-subscription-token": key ?? "" },
    }),
    results: (answer) =>
      (Brave.parse(answer).web?.results ?? []).map(({ title, url, description }) => ({
        title,
        url,
        snippet: withoutMarks(description),
      })),
  },
  tavily: {
    baseUrl: "https://api.tavily.com",
    needsKey: true,
    maxCount: 20,
    request: ({ query, count, key }) => ({
      path: "/search",
      method: "POST",
      headers: { ...JSON_TYPE, authorization: `Bearer ${key ?? ""}` },
      body: JSON.stringify({ query, max_results: count }),
    }),
    results: (answer) =>
      Tavily.parse(answer).results.map(({ title, url, content }) => ({ title, url, snippet: content })),
  },
  serper: {
    baseUrl: "https://google.serper.dev",
    needsKey: true,
    maxCount: 100,
    request: ({ query, count, key }) => ({
      path: "/search",
      method: "POST",
      headers: { ...JSON_TYPE, "x-api-key": key ?? "" },
      body: JSON.stringify({ q: query, num: count }),
    }),
    results: (answer) =>
      Serper.parse(answer).organic.map(({ title, link, snippet }) => ({ title, url: link, snippet })),
  },
  // Its settings have to allow the format json, which they do not by default.
  searxng: {
    baseUrl: null,
    needsKey: false,
    maxCount: null,
    request: ({ query }) => ({
      path: `/search?${new URLSearchParams({ q: query, format: "json" }).toString()}`,
      method: "GET",
      headers: {},
    }),
    results: (answer) =>
      Searxng.parse(answer).results.map(({ title, url, content }) => ({ title, url, snippet: content })),
  },
} as const satisfies Readonly<Record<string, SearchProvider>>;

import { HttpUrl, PlatformError, parseInput, Scope, SecretVariable } from "@agentcore/contract";
import { type Reach, type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import { exchange, retryAfterMs } from "../http/exchange.ts";
import { readBytes } from "../http/read-bytes.ts";
import { type HttpSurroundings, ownSurroundings } from "../surroundings.ts";
import { PROVIDERS, type SearchProvider, type SearchResult } from "./providers.ts";

export type { SearchResult } from "./providers.ts";

const TIMEOUT_MS = 20_000;
const MAX_COUNT = 20;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
// Of one result: some providers give whole pages.
const MAX_TITLE = 500;
const MAX_URL = 2048;
const MAX_SNIPPET = 2000;
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export const SearchOptions = z
  .strictObject({
    provider: z.enum(["brave", "tavily", "serper", "searxng"]),
    key: z.strictObject({ env: SecretVariable }).optional().describe("The variable that holds its key"),
    baseUrl: HttpUrl.refine((text) => !/[?#@]/.test(text), {
      error: "expected no query, user or password in the address",
    })
      .optional()
      .describe("Where it is, if not where the provider has it; of searxng required"),
    maxResults: z.int().min(1).max(MAX_COUNT).optional().describe("Of one search; 10 by default"),
    costUsd: z.number().min(0).max(1000).optional().describe("Price of a search, for budgets; 0 by default"),
    maxCalls: z.int().min(1).max(10_000).optional().describe("Searches in one task"),
    permission: Scope.optional().describe("A scope that whoever the task works for must have"),
    timeoutMs: z.int().min(100).max(600_000).optional().describe("Of one search; 20000 by default"),
  })
  .superRefine(({ provider, key, baseUrl }, context) => {
    const known: SearchProvider = PROVIDERS[provider];
    if (known.needsKey && key === undefined)
      context.addIssue({
        code: "custom",
        path: ["key"],
        message: "expected { env: NAME_KEY }: the variable that holds its key",
      });
    if (!known.needsKey && key !== undefined)
      context.addIssue({ code: "custom", path: ["key"], message: `expected none: ${provider} is asked without one` });
    if (known.baseUrl === null && baseUrl === undefined)
      context.addIssue({ code: "custom", path: ["baseUrl"], message: "expected the address of your own" });
  });
export type SearchOptions = z.infer<typeof SearchOptions>;

export const searchReaches = ({ provider, key, baseUrl }: SearchOptions): readonly Reach[] => [
  { field: "baseUrl", kind: "address", value: addressOf(PROVIDERS[provider], baseUrl), withSecret: key !== undefined },
  ...(key === undefined ? [] : [{ field: "key.env", kind: "secret" as const, value: key.env }]),
];

/** `web_search`, for an agent in code. Throws INVALID_ARGUMENT. */
export const webSearchTool = (options: SearchOptions): Tool => {
  const read = parseInput(SearchOptions, options, "the options of webSearchTool()");
  return searchWithin(read, ownSurroundings(searchReaches(read)));
};

export const searchWithin = (options: SearchOptions, surroundings: HttpSurroundings): Tool => {
  const { provider, key, baseUrl, maxResults = 10, timeoutMs = TIMEOUT_MS, costUsd, maxCalls, permission } = options;
  const asked: SearchProvider = PROVIDERS[provider];
  return tool({
    name: "web_search",
    description: "Searches the web, and gives titles, addresses and snippets of what was found",
    input: z.object({
      query: z.string().trim().min(1).max(400),
      count: z.int().min(1).max(maxResults).default(maxResults).describe("Results"),
    }),
    readOnly: true,
    timeoutMs,
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(maxCalls === undefined ? {} : { maxCalls }),
    ...(permission === undefined ? {} : { permission }),
    async execute({ query, count }, { signal }) {
      const request = asked.request({
        ...{ query, count: Math.min(count, asked.maxCount ?? count) },
        key: key === undefined ? undefined : surroundings.secret(key.env),
      });
      const url = new URL(addressOf(asked, baseUrl) + request.path);
      const { method, headers, body } = request;
      const call = {
        method,
        headers: { accept: "application/json", ...headers },
        signal,
        ...(body === undefined ? {} : { body }),
      };
      const response = await exchange(url, call, {}, surroundings, true);
      if (!response.ok) throw await refused(provider, response);
      const results = await readResults(provider, asked, response);
      return { provider, results: results.slice(0, count).map(bounded) };
    },
  }) as Tool;
};

const addressOf = ({ baseUrl: own }: SearchProvider, baseUrl: string | undefined): string =>
  (baseUrl ?? own ?? "").replace(/\/+$/, "");

const refused = async (provider: string, response: Response): Promise<PlatformError> => {
  const { status, headers } = response;
  await response.body?.cancel();
  const wait = retryAfterMs(headers, Date.now());
  if (status === 401 || status === 403)
    return new PlatformError("UNAUTHENTICATED", `${provider} does not take the key (status ${status})`);
  return new PlatformError("UPSTREAM_FAILED", `${provider} answered with status ${status}`, {
    retryable: PASSING.has(status) && wait !== "too long",
    ...(typeof wait === "number" ? { retryAfterMs: wait } : {}),
  });
};

const readResults = async (
  provider: string,
  asked: SearchProvider,
  response: Response,
): Promise<readonly SearchResult[]> => {
  const { bytes, isCut } = await readBytes(response.body, MAX_ANSWER_BYTES);
  if (isCut) throw new PlatformError("TOO_LARGE", `the answer of ${provider} is over ${MAX_ANSWER_BYTES} bytes`);
  try {
    return asked.results(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw new PlatformError("UPSTREAM_FAILED", `${provider} answered with what is no list of results`, {
      cause,
      retryable: false,
    });
  }
};

const bounded = ({ title, url, snippet }: SearchResult): SearchResult => ({
  title: cut(title, MAX_TITLE),
  url: cut(url, MAX_URL),
  snippet: cut(snippet, MAX_SNIPPET),
});

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`);

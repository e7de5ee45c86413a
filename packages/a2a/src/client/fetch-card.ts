/** Finds the card of an agent: at its own address, or at the well-known places of a base address. */
import { PlatformError } from "@agentcore/contract";
import { describeFailure } from "./call-failure.ts";
import { type ForeignCard, readForeignCard } from "./foreign-card.ts";
import { readAtMost } from "./read-at-most.ts";

// A card with hundreds of skills has a tenth of it.
const MAX_CARD_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;
const WELL_KNOWN = [".well-known/agent-card.json", ".well-known/agent.json"] as const;

export interface FetchCardOptions {
  /** A card's address, or the base address of an agent or host. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of the copy that is there: an unchanged card is not sent again. */
  readonly etag?: string | undefined;
  /** Milliseconds in all. @default 10000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedCard {
  /** Null: unchanged since the copy with that ETag. */
  readonly card: ForeignCard | null;
  /** Where it was found: to be asked next time. */
  readonly url: string;
  readonly etag?: string | undefined;
  /** Milliseconds for which the host says it stays as it is. */
  readonly maxAgeMs?: number | undefined;
}

/** Throws UPSTREAM_FAILED, NOT_FOUND, UNAUTHENTICATED, PERMISSION_DENIED, INVALID_AGENT_RESPONSE, TOO_LARGE. */
export const fetchCard = async (options: FetchCardOptions): Promise<FetchedCard> => {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const places = placesOf(options.url);
  for (const url of places) {
    const found = await fetchFrom(url, options, signal);
    if (found !== null) return found;
  }
  throw new PlatformError("NOT_FOUND", `there is no agent card at ${places.join(", nor at ")}`);
};

const placesOf = (given: string): readonly string[] => {
  if (!URL.canParse(given))
    throw new PlatformError("INVALID_ARGUMENT", "card: expected an http:// or https:// address");
  const url = new URL(given);
  if (url.pathname.endsWith(".json")) return [url.href];
  const base = new URL(url);
  base.search = "";
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const wellKnown = WELL_KNOWN.map((path) => new URL(path, base).href);
  return url.pathname === "/" ? wellKnown : [...wellKnown, url.href];
};

const fetchFrom = async (url: string, options: FetchCardOptions, signal: AbortSignal): Promise<FetchedCard | null> => {
  const { host } = new URL(url);
  let response: Response;
  let body: unknown = null;
  try {
    response = await options.fetch(url, {
      headers: {
        accept: "application/json",
        "a2a-version": "1.0",
        ...options.headers,
        ...(options.etag === undefined ? {} : { "if-none-match": options.etag }),
      },
      signal,
    });
    if (response.ok) body = parseJson(await readAtMost(response, MAX_CARD_BYTES, `the card at ${url}`));
    else await response.body?.cancel();
  } catch (error) {
    throw describeFailure(error, { host, signal: options.signal });
  }
  if (response.status === 404 || response.status === 405 || response.status === 410) return null;
  const etag = response.headers.get("etag") ?? undefined;
  const maxAgeMs = readMaxAge(response.headers);
  if (response.status === 304) return { card: null, url, etag: etag ?? options.etag, maxAgeMs };
  if (!response.ok) throw describeFailure(undefined, { host, status: response.status, headers: response.headers });
  // Some hosts answer unknown paths with a page.
  if (body === undefined && !url.endsWith(".json")) return null;
  return { card: readForeignCard(body, url), url, etag, maxAgeMs };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const readMaxAge = (headers: Headers): number | undefined => {
  const control = headers.get("cache-control") ?? "";
  if (/\bno-(?:store|cache)\b/i.test(control)) return 0;
  const seconds = /\bmax-age=(\d{1,9})\b/i.exec(control)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
};

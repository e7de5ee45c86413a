/** One request to one origin, with the headers that are for it. */
import { PlatformError, RetryableError } from "@agentcore/contract";
import type { HttpSurroundings } from "../surroundings.ts";
import type { ReadHttpOptions } from "./http-options.ts";

export interface Asked {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const MAX_BYTES = 2 * 1024 * 1024;
// Above what any tool may be set to read: where one stops, the answer is cut, and here it would fail.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export const maxBytesOf = ({ maxBytes = MAX_BYTES }: Pick<ReadHttpOptions, "maxBytes">): number => maxBytes;

/** An address that a model gave. Throws INVALID_ARGUMENT. */
export const readUrl = (tool: string, text: string): URL => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new PlatformError("INVALID_ARGUMENT", `${tool}: url: expected an http:// or https:// address`);
  if (url.username !== "" || url.password !== "")
    throw new PlatformError("INVALID_ARGUMENT", `${tool}: url: expected no user or password in the address`);
  url.hash = "";
  return url;
};

/** Throws PERMISSION_DENIED. */
export const assertOrigin = (tool: string, url: URL, origins: readonly string[] | undefined): void => {
  if (origins === undefined || origins.includes(url.origin)) return;
  throw new PlatformError("PERMISSION_DENIED", `${tool}: ${url.origin} is not among ${origins.join(", ")}`, {
    details: { origins },
  });
};

/**
 * `mayRepeat`: it does no harm twice. Throws PERMISSION_DENIED for what may not be called, UPSTREAM_FAILED where none answers, as a RetryableError where nothing had
 * left, OUTCOME_UNKNOWN where it had and may have acted.
 */
export const exchange = async (
  url: URL,
  { method, headers = {}, body, signal }: Asked,
  { headers: all = {} }: Pick<ReadHttpOptions, "headers">,
  { fetch, secret }: HttpSurroundings,
  mayRepeat: boolean,
): Promise<Response> => {
  const own = Object.entries(all[url.origin] ?? {}).map(
    ([name, value]) => [name.toLowerCase(), typeof value === "string" ? value : secret(value.env)] as const,
  );
  let hasLeft = false;
  try {
    return await fetch(
      url,
      {
        method,
        // A key that was set for all calls would have all but the first dropped.
        headers: { "user-agent": "agentcore", ...Object.fromEntries(own), ...headers },
        ...(body === undefined ? {} : { body }),
        signal,
      },
      {
        maxAnswerBytes: MAX_ANSWER_BYTES,
        onSent: () => {
          hasLeft = true;
        },
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw failure(url, error, { hasLeft, mayRepeat });
  }
};

const failure = (
  url: URL,
  error: unknown,
  { hasLeft, mayRepeat }: { readonly hasLeft: boolean; readonly mayRepeat: boolean },
): unknown => {
  if (PlatformError.is(error)) {
    if (error.code !== "CONFIG_INVALID") return error;
    // What a name leads to inside the network is not for who named it.
    const reason = error.details?.["reason"];
    return new PlatformError("PERMISSION_DENIED", typeof reason === "string" ? reason : error.message);
  }
  const why = `${url.origin} did not answer: ${messageOf(error)}`;
  if (hasLeft && !mayRepeat)
    return new PlatformError("OUTCOME_UNKNOWN", `${why}; what was sent may or may not have been acted upon`);
  return hasLeft
    ? new PlatformError("UPSTREAM_FAILED", why, { cause: error })
    : new RetryableError(why, { code: "UPSTREAM_FAILED", cause: error });
};

const messageOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};

// Longer, and whoever asked is told instead of kept waiting.
const MAX_WAIT_MS = 600_000;

/** Milliseconds until it may be tried again, as `Retry-After` says (RFC 9110, 10.2.3): undefined where it says none that is worth waiting for. */
export const retryAfterMs = (headers: Headers, now: number): number | undefined | "too long" => {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(ms)) return undefined;
  return ms > MAX_WAIT_MS ? "too long" : Math.max(0, ms);
};

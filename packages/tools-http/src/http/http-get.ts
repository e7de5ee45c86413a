import { PlatformError } from "@agentcore/contract";
import { type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import type { HttpSurroundings } from "../surroundings.ts";
import { assertOrigin, exchange, readUrl, retryAfterMs } from "./exchange.ts";
import type { ReadHttpOptions } from "./http-options.ts";
import { type ReadAnswer, readAnswer } from "./read-answer.ts";

const NAME = "http_get";
const MAX_REDIRECTS = 5;
const TIMEOUT_MS = 30_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
// It may be another answer soon.
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const Input = z.object({
  url: z.string().max(8192).describe("An http or https address"),
  method: z.enum(["GET", "HEAD"]).default("GET"),
  accept: z
    .string()
    .max(256)
    .regex(/^[\x20-\x7e]*$/)
    .optional()
    .describe("A media type, where the server has several"),
  raw: z.boolean().default(false).describe("HTML as it is, instead of the text that it shows"),
});

/** Reads; follows redirects, each judged as if it had been asked for. */
export const httpGet = (
  options: ReadHttpOptions,
  surroundings: HttpSurroundings,
): Tool<z.infer<typeof Input>, ReadAnswer> => {
  const { origins, send, maxRedirects = MAX_REDIRECTS, timeoutMs = TIMEOUT_MS } = options;
  const where = origins === undefined ? "any public address" : origins.join(", ");
  return tool({
    name: NAME,
    description: `Reads a page, text or JSON over HTTP, from ${where}. Of HTML the text is given.`,
    input: Input,
    readOnly: true,
    timeoutMs,
    async execute({ url: text, method, accept, raw }, { signal }) {
      let url = readUrl(NAME, text);
      const headers = { accept: accept ?? "text/html, application/json, text/*;q=0.9, */*;q=0.1" };
      for (let redirects = 0; ; redirects += 1) {
        assertOrigin(NAME, url, origins);
        // It may be this machine's, which only those are that were named to be read.
        if (origins === undefined && send?.origins.includes(url.origin) === true)
          throw new PlatformError("PERMISSION_DENIED", `${NAME}: ${url.origin} is named to be sent to, not to be read`);
        const response = await exchange(url, { method, headers, signal }, options, surroundings, true);
        const { status } = response;
        const location = REDIRECTS.has(status) ? response.headers.get("location") : null;
        if (location === null) {
          const wait = retryAfterMs(response.headers, Date.now());
          if (PASSING.has(status) && wait !== "too long") {
            await response.body?.cancel();
            throw new PlatformError("UPSTREAM_FAILED", `${url.origin} answered with status ${status}`, {
              retryable: true,
              ...(wait === undefined ? {} : { retryAfterMs: wait }),
            });
          }
          return readAnswer(response, { url, method, raw, ...options });
        }
        await response.body?.cancel();
        if (redirects >= maxRedirects)
          throw new PlatformError("UPSTREAM_FAILED", `${NAME}: more than ${maxRedirects} redirects`, {
            retryable: false,
          });
        const next = readUrl(NAME, URL.parse(location, url.href)?.href ?? location);
        if (url.protocol === "https:" && next.protocol === "http:")
          throw new PlatformError(
            "PERMISSION_DENIED",
            `${NAME}: ${url.origin} redirects to ${next.origin}, which is not encrypted`,
          );
        url = next;
      }
    },
  });
};

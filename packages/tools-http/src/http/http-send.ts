import { PlatformError, RetryableError } from "@agentcore/contract";
import { type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import type { HttpSurroundings } from "../surroundings.ts";
import { assertOrigin, exchange, readUrl, retryAfterMs } from "./exchange.ts";
import type { ReadHttpOptions } from "./http-options.ts";
import { type ReadAnswer, readAnswer } from "./read-answer.ts";

const NAME = "http_send";
const MAX_BODY_BYTES = 256 * 1024;
const TIMEOUT_MS = 30_000;
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

type Sending = NonNullable<ReadHttpOptions["send"]>;

const inputOf = (methods: readonly ("POST" | "PUT" | "PATCH" | "DELETE")[]) =>
  z.object({
    url: z.string().max(8192).describe("An http or https address"),
    method: z.enum(methods).default(methods[0] ?? "POST"),
    json: z.json().optional().describe("What is sent, as JSON"),
    text: z.string().optional().describe("What is sent, where it is no JSON"),
    contentType: z
      .string()
      .max(256)
      .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;[\x20-\x7e]*)?$/)
      .optional()
      .describe("Of `text`; text/plain by default"),
  });

/** Sends to origins that were named for it, and follows no redirect. */
export const httpSend = (
  options: ReadHttpOptions,
  {
    origins,
    methods = ["POST"],
    approval = "always",
    permission,
    idempotent = false,
    maxBodyBytes = MAX_BODY_BYTES,
  }: Sending,
  surroundings: HttpSurroundings,
): Tool<z.infer<ReturnType<typeof inputOf>>, ReadAnswer> =>
  tool({
    name: NAME,
    description: `Sends over HTTP (${methods.join(", ")}) to ${origins.join(", ")}, and gives the answer`,
    input: inputOf(methods),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    idempotent,
    approval,
    ...(permission === undefined ? {} : { permission }),
    async execute({ url: address, method, json, text, contentType }, { signal, idempotencyKey }) {
      const url = readUrl(NAME, address);
      assertOrigin(NAME, url, origins);
      if (json !== undefined && text !== undefined)
        throw new PlatformError("INVALID_ARGUMENT", `${NAME}: expected either json or text`);
      const body = json === undefined ? text : JSON.stringify(json);
      const bytes = Buffer.byteLength(body ?? "");
      if (bytes > maxBodyBytes)
        throw new PlatformError("INVALID_ARGUMENT", `${NAME}: the body has ${bytes} bytes, ${maxBodyBytes} are sent`);
      const type = json === undefined ? (contentType ?? "text/plain;charset=utf-8") : "application/json";
      const headers = {
        accept: "application/json, text/*;q=0.9, */*;q=0.1",
        "idempotency-key": idempotencyKey,
        ...(body === undefined ? {} : { "content-type": type }),
      };
      const asked = { method, headers, signal, ...(body === undefined ? {} : { body }) };
      const response = await exchange(url, asked, options, surroundings, idempotent);
      const { status } = response;
      const wait = retryAfterMs(response.headers, Date.now());
      if (PASSING.has(status) && wait !== "too long") {
        const after = wait === undefined ? {} : { retryAfterMs: wait };
        const why = `${url.origin} answered with status ${status}`;
        // Too many requests: this one was not begun. Of the others nobody knows.
        if (status === 429) {
          await response.body?.cancel();
          throw new RetryableError(why, { code: "UPSTREAM_FAILED", ...after });
        }
        if (idempotent) {
          await response.body?.cancel();
          throw new PlatformError("UPSTREAM_FAILED", why, { retryable: true, ...after });
        }
      }
      return readAnswer(response, { url, method, raw: false, ...options }).catch((error: unknown) => {
        if (idempotent || !PlatformError.is(error)) throw error;
        throw new PlatformError(
          "OUTCOME_UNKNOWN",
          `${url.origin} answered with status ${status}, and ${error.message}; what was sent may or may not have been acted upon`,
          { cause: error },
        );
      });
    },
  });

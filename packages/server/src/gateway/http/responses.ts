/** Responses with the headers every answer carries. Header objects are shared constants: they are on the hot path. */

import type { PlatformError } from "@agentcore/contract";
import { SMALLEST_COUNTED } from "./pending-answers.ts";

// nosniff and the empty policy keep a browser from treating any answer as a page; no CORS header is ever sent.
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

/** For who answers past `jsonResponse`. */
export const JSON_HEADERS = { "content-type": "application/json", ...SECURITY_HEADERS };
const JSON_OK = { status: 200, headers: JSON_HEADERS };

export type ExtraHeaders = Readonly<Record<string, string>>;

const SIZE = Symbol("size");

/** Bytes of the text that a response was made of; 0 when it is not worth counting. */
export const sizeOfAnswer = (response: Response): number => (response as { readonly [SIZE]?: number })[SIZE] ?? 0;

// Of UTF-8, for a unit of JavaScript's strings. Most answers are small, and not looked at for it.
const MOST_BYTES = 3;

const sized = (response: Response, text: string): Response => {
  if (text.length * MOST_BYTES < SMALLEST_COUNTED) return response;
  const size = Buffer.byteLength(text);
  return size < SMALLEST_COUNTED ? response : Object.assign(response, { [SIZE]: size });
};

export type Refuse = (error: PlatformError) => Response;

const REFUSE = Symbol("refuse");

/** Hangs on an answer that counts how its binding says that it cannot be given. */
export const refusable = (response: Response, refuse: Refuse): Response =>
  sizeOfAnswer(response) === 0 ? response : Object.assign(response, { [REFUSE]: refuse });

/** Undefined when nobody hung one on it. */
export const refusalOf = (response: Response): Refuse | undefined =>
  (response as { readonly [REFUSE]?: Refuse })[REFUSE];

export const jsonResponse = (body: unknown, status = 200, headers?: ExtraHeaders): Response => {
  const text = JSON.stringify(body);
  const init =
    headers === undefined
      ? status === 200
        ? JSON_OK
        : { status, headers: JSON_HEADERS }
      : { status, headers: { ...JSON_HEADERS, ...headers } };
  return sized(new Response(text, init), text);
};

/** `headers` wins over the defaults, for example for `cache-control`. */
export const textResponse = (
  text: string | null,
  contentType: string,
  status = 200,
  headers?: ExtraHeaders,
): Response =>
  sized(
    new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": contentType, ...headers } }),
    text ?? "",
  );

export const emptyResponse = (status: number, headers?: ExtraHeaders): Response =>
  new Response(null, { status, headers: { ...SECURITY_HEADERS, ...headers } });

export const streamHeaders = (): Record<string, string> => ({
  ...SECURITY_HEADERS,
  "content-type": "text/event-stream",
  // nginx buffers a response otherwise, and events arrive in lumps
  "x-accel-buffering": "no",
});

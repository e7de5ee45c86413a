/** Responses with the headers every answer carries. Header objects are shared constants: they are on the hot path. */

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

export const jsonResponse = (body: unknown, status = 200, headers?: ExtraHeaders): Response => {
  const text = JSON.stringify(body);
  if (headers === undefined) return new Response(text, status === 200 ? JSON_OK : { status, headers: JSON_HEADERS });
  return new Response(text, { status, headers: { ...JSON_HEADERS, ...headers } });
};

/** `headers` wins over the defaults, for example for `cache-control`. */
export const textResponse = (
  text: string | null,
  contentType: string,
  status = 200,
  headers?: ExtraHeaders,
): Response =>
  new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": contentType, ...headers } });

export const emptyResponse = (status: number, headers?: ExtraHeaders): Response =>
  new Response(null, { status, headers: { ...SECURITY_HEADERS, ...headers } });

export const streamHeaders = (): Record<string, string> => ({
  ...SECURITY_HEADERS,
  "content-type": "text/event-stream",
  // nginx buffers a response otherwise, and events arrive in lumps
  "x-accel-buffering": "no",
});

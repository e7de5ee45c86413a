/** What a request over HTTP+JSON says besides its path. */
import { PlatformError } from "@agentcore/contract";
import { isJsonMediaType } from "../http/media-type.ts";
import { parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";

export type Fields = Record<string, unknown>;

export const hasBody = (request: Request): boolean => request.method !== "GET" && request.method !== "DELETE";

/** `optional` when the path says what is needed: then no body is an empty one. Throws for anything but a JSON object. */
export const bodyFields = async (request: Request, maxBodyBytes: number, optional: boolean): Promise<Fields> => {
  const text = await readBody(request, maxBodyBytes);
  // Clients in Go and Python write an absent body as null.
  if (optional && (text === "" || text === "null")) return {};
  const contentType = request.headers.get("content-type");
  if (!isJsonMediaType(contentType)) {
    throw new PlatformError(
      "CONTENT_TYPE_NOT_SUPPORTED",
      `expected content-type application/a2a+json or application/json, got ${contentType?.slice(0, 100) ?? "none"}`,
    );
  }
  const body = parseJson(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new PlatformError("INVALID_ARGUMENT", "the body must be a JSON object", {
      violations: [{ field: "", description: "expected an object" }],
    });
  }
  return body as Fields;
};

const BOOLEANS = new Set(["includeArtifacts", "include_artifacts"]);

/**
 * Query parameters as JSON values; what does not parse stays text and is refused by the schema. Clients send what is unset as
 * empty, which is no value in a query.
 */
export const queryFields = (url: string): Fields => {
  const fields: Fields = {};
  const mark = url.indexOf("?");
  if (mark === -1) return fields;
  for (const [name, value] of new URLSearchParams(url.slice(mark))) {
    if (value === "") continue;
    if (BOOLEANS.has(name) && /^(true|false)$/.test(value)) fields[name] = value === "true";
    // An enum by its number, which in JSON is no text.
    else fields[name] = name === "status" && /^\d$/.test(value) ? Number(value) : value;
  }
  return fields;
};

/** What was delivered, as a value. It is read only after the signature was found good. */
import { PlatformError } from "@agentcore/contract";
import { essence } from "../gateway/http/media-type.ts";
import { parseJson } from "../gateway/http/parse-json.ts";

/** JSON as it says, a form as an object in which names that come again are lists, all else as text. Throws CONTENT_TYPE_NOT_SUPPORTED, PARSE_ERROR. */
export const readDelivery = (headers: Headers, body: Uint8Array, accepted: readonly string[]): unknown => {
  const given = headers.get("content-type");
  const type = given === null ? "none" : essence(given);
  if (!accepted.includes(type))
    throw new PlatformError(
      "CONTENT_TYPE_NOT_SUPPORTED",
      `expected content-type ${accepted.join(" or ")}, got ${type.slice(0, 100)}`,
    );
  const text = textOf(body);
  if (type === "application/json" || type.endsWith("+json")) return parseJson(text);
  return type === "application/x-www-form-urlencoded" ? formOf(text) : text;
};

const textOf = (body: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new PlatformError("PARSE_ERROR", "the body is not UTF-8", { cause });
  }
};

const formOf = (text: string): Readonly<Record<string, string | readonly string[]>> => {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]),
  );
};

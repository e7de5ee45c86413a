/** An answer as a model reads it: text, JSON, or the text that HTML shows, within bounds; of all else only what it is. */
import { readPage } from "@agentcore/html";
import { maxBytesOf } from "./exchange.ts";
import type { ReadHttpOptions } from "./http-options.ts";
import { readBytes } from "./read-bytes.ts";

export interface ReadAnswer {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: string;
  readonly contentType?: string;
  readonly title?: string;
  readonly text?: string;
  readonly json?: unknown;
  /** There is more than was read or given. */
  readonly isCut?: true;
  /** Why neither text nor JSON is given. */
  readonly omitted?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reading extends Pick<ReadHttpOptions, "maxBytes" | "maxCharacters"> {
  readonly url: URL;
  readonly method: string;
  /** HTML is given as it is. */
  readonly raw: boolean;
}

const MAX_CHARACTERS = 100_000;
// What tells a model something; cookies and the like are nobody's here.
const TOLD = ["last-modified", "etag", "content-length", "location", "retry-after", "allow"];
const MAX_HEADER = 1024;

/** Throws UPSTREAM_FAILED for a body that is cut off, or encoded. */
export const readAnswer = async (response: Response, reading: Reading): Promise<ReadAnswer> => {
  const { url, method, raw, maxCharacters = MAX_CHARACTERS } = reading;
  const contentType = response.headers.get("content-type")?.slice(0, MAX_HEADER);
  const about = {
    ...{ status: response.status, url: url.href },
    ...(contentType === undefined ? {} : { contentType }),
    ...toldHeaders(response, method),
  };
  if (response.body === null || method === "HEAD") return about;
  const kind = kindOf(contentType);
  const encoding = response.headers.get("content-encoding");
  if (kind === null || (encoding !== null && encoding !== "identity")) {
    await response.body.cancel();
    return { ...about, omitted: kind === null ? `${contentType ?? "it"} is no text` : `it is encoded as ${encoding}` };
  }
  const { bytes, isCut } = await readBytes(response.body, maxBytesOf(reading));
  const text = decode(bytes, contentType, kind);
  if (kind === "json" && !isCut && text.length <= maxCharacters) {
    const json = parse(text);
    if (json !== undefined) return { ...about, json: json.value };
  }
  if (kind === "html" && !raw) {
    const { headings: _, ...shown } = await readPage(text, { base: url, maxCharacters });
    return { ...about, ...shown, ...(isCut || shown.isCut ? { isCut: true } : {}) };
  }
  const given = text.slice(0, maxCharacters);
  return { ...about, text: given, ...(isCut || given.length < text.length ? { isCut: true } : {}) };
};

const toldHeaders = ({ status, headers }: Response, method: string): Pick<ReadAnswer, "headers"> => {
  if (method !== "HEAD" && status < 300) return {};
  const told = TOLD.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value.slice(0, MAX_HEADER)] as const];
  });
  return told.length === 0 ? {} : { headers: Object.fromEntries(told) };
};

type Kind = "json" | "html" | "text";

/** Null: no text. What does not say what it is is taken for text, as long as it decodes. */
const kindOf = (contentType: string | undefined): Kind | null => {
  if (contentType === undefined) return "text";
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type === "text/html" || type === "application/xhtml+xml") return "html";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  const isText =
    type.startsWith("text/") ||
    type.endsWith("+xml") ||
    /^application\/(xml|javascript|yaml|x-ndjson|toml)$/.test(type);
  return isText ? "text" : null;
};

const CHARSET = /charset\s*=\s*["']?([\w-]+)/i;
// Where a page has to say it (HTML, 4.2.5.4).
const META_BYTES = 1024;

const decode = (bytes: Uint8Array, contentType: string | undefined, kind: Kind): string => {
  const said =
    CHARSET.exec(contentType ?? "")?.[1] ??
    (kind === "html" ? CHARSET.exec(Buffer.from(bytes.subarray(0, META_BYTES)).toString("latin1"))?.[1] : undefined);
  return decoderFor(said ?? "utf-8").decode(bytes);
};

/** One that nobody knows is read as UTF-8. */
const decoderFor = (label: string) => {
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
};

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

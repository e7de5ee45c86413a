import { PlatformError } from "@agentcore/contract";
import { essence, isJsonMediaType } from "../http/media-type.ts";
import { assertDepth, parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";
import type { ApiRoute } from "./api-route.ts";

const YAML_TYPES = new Set(["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"]);
// Aliases multiply: a few lines of YAML can stand for gigabytes.
const MAX_ALIASES = 100;
// The parser takes seconds for megabytes, in which nobody else is served. Manifests are small; larger ones come as JSON.
const MAX_YAML_BYTES = 256 * 1024;

/** The body as a value. Throws CONTENT_TYPE_NOT_SUPPORTED, PARSE_ERROR, TOO_LARGE. */
export const readApiBody = async (request: Request, route: ApiRoute, maxBodyBytes: number): Promise<unknown> => {
  const text = await readBody(request, maxBodyBytes);
  if (text === "" && route.bodyOptional === true) return {};
  const contentType = request.headers.get("content-type");
  if (isJsonMediaType(contentType)) return parseJson(text);
  if (route.yaml === true && contentType !== null && YAML_TYPES.has(essence(contentType))) return parseYaml(text);
  const expected = route.yaml === true ? "application/json or application/yaml" : "application/json";
  throw new PlatformError(
    "CONTENT_TYPE_NOT_SUPPORTED",
    `expected content-type ${expected}, got ${contentType?.slice(0, 100) ?? "none"}`,
  );
};

/** All documents of a YAML text; empty ones are left out. */
const parseYaml = async (text: string): Promise<unknown[]> => {
  if (text.length > MAX_YAML_BYTES) {
    throw new PlatformError(
      "TOO_LARGE",
      `YAML of more than ${MAX_YAML_BYTES} bytes is not read; send JSON, or several bodies`,
    );
  }
  // A tenth of what a node would load before it is ready.
  const { parseAllDocuments } = await import("yaml");
  // `uniqueKeys` compares every key with every other.
  const documents = parseAllDocuments(text, {
    logLevel: "silent",
    maxAliasCount: MAX_ALIASES,
    uniqueKeys: false,
  } as Parameters<typeof parseAllDocuments>[1]);
  if (!Array.isArray(documents)) return [];
  const values = documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined)
      throw new PlatformError("PARSE_ERROR", `the body is not valid YAML: ${error.message.split("\n")[0]}`, {
        cause: error,
      });
    try {
      return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    } catch (cause) {
      throw new PlatformError("PARSE_ERROR", "the body is not valid YAML", { cause });
    }
  });
  for (const value of values) assertDepth(value, 0);
  return values.filter((value) => value !== null && value !== undefined);
};

/** The JSON-RPC binding: one POST address per agent. */
import { PlatformError } from "@agentcore/contract";
import { errorHeaders, publicError } from "../http/error-headers.ts";
import { isJsonMediaType } from "../http/media-type.ts";
import { parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";
import { jsonResponse, refusable } from "../http/responses.ts";
import { jsonRpcHttpStatus, toJsonRpcError } from "./a2a-errors.ts";
import { assertServed, impliedVersion, statedVersion } from "./a2a-version.ts";
import { activateExtensions } from "./extensions.ts";
import { toLegacyError } from "./legacy-errors.ts";
import { answerLegacyJsonRpc } from "./legacy-json-rpc.ts";
import { findMethod } from "./methods.ts";
import type { A2ACall, A2AOperations } from "./operations.ts";
import { streamResponse } from "./stream-response.ts";

type Id = string | number | null;

export interface RpcRequest {
  readonly id: string | number;
  readonly method: string;
  /** An object. */
  readonly params: unknown;
}

export interface BindingOptions {
  readonly maxBodyBytes: number;
  readonly heartbeatMs: number;
  readonly onError?: ((error: unknown, errorId: string) => void) | undefined;
}

export type OpenA2ACall = () => Promise<A2ACall>;

/** Never rejects. `open` authenticates and finds the agent; it runs before the body is read. */
export const answerJsonRpc = async (
  request: Request,
  open: OpenA2ACall,
  operations: A2AOperations,
  options: BindingOptions,
): Promise<Response> => {
  let id: Id = null;
  let version: string | null = null;
  const refuse = (error: PlatformError): Response =>
    jsonResponse(
      { jsonrpc: "2.0", id, error: version === "0.3" ? toLegacyError(error) : toJsonRpcError(error) },
      jsonRpcHttpStatus(error.code),
      errorHeaders(error),
    );
  try {
    const opened = await open();
    const contentType = request.headers.get("content-type");
    if (!isJsonMediaType(contentType)) {
      throw new PlatformError(
        "CONTENT_TYPE_NOT_SUPPORTED",
        `expected content-type application/json, got ${contentType?.slice(0, 100) ?? "none"}`,
      );
    }
    const body = parseJson(await readBody(request, options.maxBodyBytes));
    id = idOf(body);
    const rpc = parseEnvelope(body);
    const method = findMethod(rpc.method);
    version = statedVersion(request.headers, request.url) ?? impliedVersion(opened.agent, method !== null);
    assertServed(opened.agent, version);
    if (version === "0.3")
      return refusable(await answerLegacyJsonRpc(rpc, request, opened, operations, options), refuse);
    if (method === null)
      throw new PlatformError("METHOD_NOT_FOUND", `A2A 1.0 has no method "${rpc.method.slice(0, 100)}"`);
    const { uris, headers } = activateExtensions(opened.agent, request.headers, version);
    const call = { ...opened, extensions: uris };
    const answer = (result: unknown) => ({ jsonrpc: "2.0", id, result });
    if (method.kind === "unary")
      return refusable(jsonResponse(answer(await method.run(operations, call, rpc.params)), 200, headers), refuse);
    const stream = await method.run(operations, call, rpc.params);
    return await streamResponse(stream, ({ response }) => answer(response), {
      heartbeatMs: options.heartbeatMs,
      headers,
    });
  } catch (thrown) {
    return refusable(refuse(publicError(thrown, options.onError)), refuse);
  }
};

const idOf = (body: unknown): Id => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return null;
  const { id } = body as { readonly id?: unknown };
  return isId(id) ? id : null;
};

// A stream keeps it for as long as it is open, and says it with each frame.
const MAX_ID_LENGTH = 256;

/** What can be given back as it came: larger numbers have lost digits by now. */
const isId = (id: unknown): id is string | number =>
  typeof id === "string"
    ? id.length <= MAX_ID_LENGTH
    : typeof id === "number" && Math.abs(id) <= Number.MAX_SAFE_INTEGER;

const parseEnvelope = (body: unknown): RpcRequest => {
  if (Array.isArray(body)) throw invalidRequest("batches are not part of A2A: send one request at a time");
  if (typeof body !== "object" || body === null) throw invalidRequest("expected a JSON-RPC 2.0 request object");
  const { jsonrpc, id, method, params } = body as Readonly<Record<string, unknown>>;
  if (jsonrpc !== "2.0") throw invalidRequest('jsonrpc: expected "2.0"');
  if (typeof method !== "string" || method === "") throw invalidRequest("method: expected the name of an A2A method");
  // A2A defines no notifications: work whose result nobody can get is refused rather than done.
  if (!isId(id))
    throw invalidRequest(`id: expected a string of at most ${MAX_ID_LENGTH} characters, or a number up to 2^53 - 1`);
  if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
    // Positional params are valid JSON-RPC, but no A2A method takes them.
    throw new PlatformError("INVALID_ARGUMENT", "params: expected an object", {
      violations: [{ field: "params", description: "expected an object" }],
    });
  }
  return { id, method, params: params ?? {} };
};

const invalidRequest = (message: string) => new PlatformError("INVALID_REQUEST", message);

/** The JSON-RPC binding: one POST address per agent. */
import { PlatformError } from "@agentcore/contract";
import { errorHeaders, publicError } from "../http/error-headers.ts";
import { isJsonMediaType } from "../http/media-type.ts";
import { parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";
import { jsonResponse } from "../http/responses.ts";
import { type SseFrame, sseResponse } from "../http/server-sent-events.ts";
import { jsonRpcHttpStatus, toJsonRpcError } from "./a2a-errors.ts";
import { assertVersion } from "./a2a-version.ts";
import { activateExtensions, extensionHeaders } from "./extensions.ts";
import { findMethod } from "./methods.ts";
import type { A2ACall, A2AOperations, OpenStream } from "./operations.ts";
import type { TaskFrame } from "./task-stream.ts";

type Id = string | number | null;

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
    const { method: name, params } = assertEnvelope(body);
    assertVersion(request.headers, request.url);
    const method = findMethod(name);
    if (method === null) throw new PlatformError("METHOD_NOT_FOUND", `A2A 1.0 has no method "${name.slice(0, 100)}"`);
    const call = { ...opened, extensions: activateExtensions(opened.agent, request.headers) };
    const extensions = extensionHeaders(call.extensions);
    if (method.kind === "unary") {
      const result = await method.run(operations, call, params);
      return jsonResponse({ jsonrpc: "2.0", id, result }, 200, extensions);
    }
    const stream = await method.run(operations, call, params);
    return await sseResponse(rpcFrames(stream.frames, id), {
      heartbeatMs: options.heartbeatMs,
      headers: extensions,
      release: () => endStream(stream),
    });
  } catch (thrown) {
    return jsonRpcErrorResponse(publicError(thrown, options.onError), id);
  }
};

export const endStream = (stream: OpenStream): void => {
  stream.release();
  stream.frames.return?.().catch(() => {});
};

export const jsonRpcErrorResponse = (error: PlatformError, id: Id): Response =>
  jsonResponse(
    { jsonrpc: "2.0", id, error: toJsonRpcError(error) },
    jsonRpcHttpStatus(error.code),
    errorHeaders(error),
  );

const rpcFrames = (frames: AsyncIterator<TaskFrame>, id: Id): AsyncIterator<SseFrame> => ({
  async next() {
    const result = await frames.next();
    if (result.done) return { done: true, value: undefined };
    const { response, seq } = result.value;
    return { done: false, value: { data: JSON.stringify({ jsonrpc: "2.0", id, result: response }), id: seq } };
  },
});

const idOf = (body: unknown): Id => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return null;
  const { id } = body as { readonly id?: unknown };
  return typeof id === "string" || typeof id === "number" ? id : null;
};

const assertEnvelope = (body: unknown): { readonly method: string; readonly params: unknown } => {
  if (Array.isArray(body)) throw invalidRequest("batches are not part of A2A: send one request at a time");
  if (typeof body !== "object" || body === null) throw invalidRequest("expected a JSON-RPC 2.0 request object");
  const { jsonrpc, id, method, params } = body as Readonly<Record<string, unknown>>;
  if (jsonrpc !== "2.0") throw invalidRequest('jsonrpc: expected "2.0"');
  if (typeof method !== "string" || method === "") throw invalidRequest("method: expected the name of an A2A method");
  // A2A defines no notifications: work whose result nobody can get is refused rather than done.
  if (typeof id !== "string" && typeof id !== "number") throw invalidRequest("id: expected a string or a number");
  if (params !== undefined && (typeof params !== "object" || params === null || Array.isArray(params))) {
    // Positional params are valid JSON-RPC, but no A2A method takes them.
    throw new PlatformError("INVALID_ARGUMENT", "params: expected an object", {
      violations: [{ field: "params", description: "expected an object" }],
    });
  }
  return { method, params: params ?? {} };
};

const invalidRequest = (message: string) => new PlatformError("INVALID_REQUEST", message);

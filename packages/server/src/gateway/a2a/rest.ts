/** The HTTP+JSON binding, below an agent's address. */
import { PlatformError } from "@agentcore/contract";
import { errorHeaders, publicError } from "../http/error-headers.ts";
import { isJsonMediaType } from "../http/media-type.ts";
import { parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";
import { type ExtraHeaders, jsonResponse } from "../http/responses.ts";
import { type SseFrame, sseResponse } from "../http/server-sent-events.ts";
import { toRestError } from "./a2a-errors.ts";
import { assertVersion } from "./a2a-version.ts";
import { activateExtensions, extensionHeaders } from "./extensions.ts";
import { type BindingOptions, endStream, type OpenA2ACall } from "./json-rpc.ts";
import { A2A_METHODS, type A2AMethodName } from "./methods.ts";
import type { A2AOperations } from "./operations.ts";
import { matchRest, type RestMatch } from "./rest-paths.ts";
import type { TaskFrame } from "./task-stream.ts";

/** Never rejects. `segments` is the decoded path after the agent's name. */
export const answerRest = async (
  request: Request,
  segments: readonly string[],
  open: OpenA2ACall,
  operations: A2AOperations,
  options: BindingOptions,
): Promise<Response> => {
  try {
    const opened = await open();
    const match = matchRest(request.method, segments);
    if (match.outcome === "notFound")
      throw new PlatformError("METHOD_NOT_FOUND", "A2A's HTTP+JSON binding has no such path");
    if (match.outcome === "wrongMethod") return wrongMethod(request.method, match.allowed);
    assertVersion(request.headers, request.url);
    const call = { ...opened, extensions: activateExtensions(opened.agent, request.headers) };
    const extensions = extensionHeaders(call.extensions);
    const params = await paramsOf(request, match, options.maxBodyBytes);
    const method = A2A_METHODS[match.operation];
    if (method.kind === "unary") return jsonResponse(await method.run(operations, call, params), 200, extensions);
    const stream = await method.run(operations, call, params);
    return await sseResponse(bareFrames(stream.frames), {
      heartbeatMs: options.heartbeatMs,
      headers: extensions,
      release: () => endStream(stream),
    });
  } catch (thrown) {
    return restErrorResponse(publicError(thrown, options.onError));
  }
};

export const restErrorResponse = (error: PlatformError): Response => {
  const body = toRestError(error);
  return jsonResponse(body, body.error.code, errorHeaders(error));
};

const wrongMethod = (method: string, allowed: readonly string[]): Response => {
  const error = new PlatformError("METHOD_NOT_FOUND", `this path does not take ${method}: use ${allowed.join(" or ")}`);
  const headers: ExtraHeaders = { allow: allowed.join(", ") };
  return jsonResponse({ error: { ...toRestError(error).error, code: 405 } }, 405, headers);
};

const bareFrames = (frames: AsyncIterator<TaskFrame>): AsyncIterator<SseFrame> => ({
  async next() {
    const result = await frames.next();
    if (result.done) return { done: true, value: undefined };
    return { done: false, value: { data: JSON.stringify(result.value.response), id: result.value.seq } };
  },
});

type Match = Extract<RestMatch, { outcome: "match" }>;

const paramsOf = async (request: Request, match: Match, maxBodyBytes: number): Promise<Record<string, unknown>> => {
  const path = { ...match.path };
  if (request.method === "GET" || request.method === "DELETE")
    return { ...queryParams(match.operation, request.url), ...path };
  const text = await readBody(request, maxBodyBytes);
  // Cancel, subscribe: what they need is in the path.
  if (text === "" && match.path.id !== undefined) return path;
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
  return { ...body, ...path };
};

const NUMBERS = new Set(["historyLength", "pageSize", "history_length", "page_size"]);
const BOOLEANS = new Set(["includeArtifacts", "include_artifacts"]);

/** Query parameters as JSON values; what does not parse stays text and is refused by the schema. */
const queryParams = (operation: A2AMethodName, url: string): Record<string, unknown> => {
  const params: Record<string, unknown> = {};
  const mark = url.indexOf("?");
  if (mark === -1) return params;
  for (const [name, value] of new URLSearchParams(url.slice(mark))) {
    if (NUMBERS.has(name)) params[name] = /^-?\d{1,9}$/.test(value) ? Number(value) : value;
    else if (BOOLEANS.has(name)) params[name] = value === "true" ? true : value === "false" ? false : value;
    // proto3 clients send what is unset as empty.
    else if (value !== "" || operation !== "ListTasks") params[name] = value;
  }
  return params;
};

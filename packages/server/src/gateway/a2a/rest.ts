/** The HTTP+JSON binding, below an agent's address. */
import { PlatformError } from "@agentcore/contract";
import { errorHeaders, publicError } from "../http/error-headers.ts";
import { emptyResponse, jsonResponse, refusable } from "../http/responses.ts";
import { toRestError } from "./a2a-errors.ts";
import { assertServed, impliedVersion, statedVersion } from "./a2a-version.ts";
import { activateExtensions } from "./extensions.ts";
import type { BindingOptions, OpenA2ACall } from "./json-rpc.ts";
import { legacyRestErrorResponse } from "./legacy-errors.ts";
import { answerLegacyRest } from "./legacy-rest.ts";
import { LEGACY_ROOT } from "./legacy-rest-paths.ts";
import { A2A_METHODS, type A2AMethodName } from "./methods.ts";
import type { A2AOperations } from "./operations.ts";
import { bodyFields, hasBody, queryFields } from "./rest-fields.ts";
import { matchRest, type RestMatch } from "./rest-paths.ts";
import { streamResponse } from "./stream-response.ts";
import { wrongMethod } from "./wrong-method.ts";

/** Never rejects. `segments` is the decoded path after the agent's name. */
export const answerRest = async (
  request: Request,
  segments: readonly string[],
  open: OpenA2ACall,
  operations: A2AOperations,
  options: BindingOptions,
): Promise<Response> => {
  // 0.3's paths are all below /v1; who states 1.0 means a tenant of that name.
  const isOnlyOfNewest = segments[0] !== LEGACY_ROOT;
  const stated = statedVersion(request.headers, request.url);
  // In whose words it is refused before the agent is known.
  let version = stated ?? (isOnlyOfNewest ? "1.0" : "0.3");
  const refuse = (error: PlatformError): Response =>
    // What does not serve 0.3 does not answer in its words either.
    version === "0.3" && error.code !== "VERSION_NOT_SUPPORTED"
      ? legacyRestErrorResponse(error)
      : restErrorResponse(error);
  try {
    const opened = await open();
    version = stated ?? impliedVersion(opened.agent, isOnlyOfNewest);
    assertServed(opened.agent, version);
    if (version === "0.3")
      return refusable(await answerLegacyRest(request, segments, opened, operations, options), refuse);
    const match = matchRest(request.method, segments);
    if (match.outcome === "notFound")
      throw new PlatformError("METHOD_NOT_FOUND", "A2A's HTTP+JSON binding has no such path");
    if (match.outcome === "wrongMethod") return wrongMethod(request.method, match.allowed);
    const { uris, headers } = activateExtensions(opened.agent, request.headers, version);
    const call = { ...opened, extensions: uris };
    const params = await paramsOf(request, match, options.maxBodyBytes);
    const method = A2A_METHODS[match.operation];
    if (method.kind === "unary") {
      const result = await method.run(operations, call, params);
      const status = STATUSES[match.operation] ?? 200;
      return status === 204 ? emptyResponse(status, headers) : refusable(jsonResponse(result, status, headers), refuse);
    }
    const stream = await method.run(operations, call, params);
    return await streamResponse(stream, ({ response }) => response, { heartbeatMs: options.heartbeatMs, headers });
  } catch (thrown) {
    return refusable(refuse(publicError(thrown, options.onError)), refuse);
  }
};

/** Where it is not 200. The specification leaves them open; these are the reference SDK's. */
const STATUSES: { readonly [Name in A2AMethodName]?: number } = {
  CreateTaskPushNotificationConfig: 201,
  DeleteTaskPushNotificationConfig: 204,
};

export const restErrorResponse = (error: PlatformError): Response => {
  const body = toRestError(error);
  return jsonResponse(body, body.error.code, errorHeaders(error));
};

const paramsOf = async (
  request: Request,
  { path }: Extract<RestMatch, { outcome: "match" }>,
  maxBodyBytes: number,
): Promise<Record<string, unknown>> => {
  const fields = hasBody(request)
    ? await bodyFields(request, maxBodyBytes, (path.id ?? path.taskId) !== undefined)
    : queryFields(request.url);
  return { ...fields, ...path };
};

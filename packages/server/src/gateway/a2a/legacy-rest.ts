/** Protocol 0.3 over HTTP+JSON, below `/v1/` at an agent's address. */
import { PlatformError } from "@agentcore/contract";
import { iteratedSource } from "../http/iterated-source.ts";
import { emptyResponse, jsonResponse } from "../http/responses.ts";
import { activateExtensions } from "./extensions.ts";
import type { BindingOptions } from "./json-rpc.ts";
import { toLegacyError } from "./legacy-errors.ts";
import { matchLegacyRest } from "./legacy-rest-paths.ts";
import { loadLegacy } from "./load-legacy.ts";
import type { A2ACall, A2AOperations } from "./operations.ts";
import { bodyFields, hasBody, queryFields } from "./rest-fields.ts";
import { createOperationRunner } from "./run-operation.ts";
import { streamResponse } from "./stream-response.ts";
import { wrongMethod } from "./wrong-method.ts";

/** Rejects with what is to be answered as an error. */
export const answerLegacyRest = async (
  request: Request,
  segments: readonly string[],
  call: A2ACall,
  operations: A2AOperations,
  options: BindingOptions,
): Promise<Response> => {
  const match = matchLegacyRest(request.method, segments);
  if (match.outcome === "notFound")
    throw new PlatformError(
      "METHOD_NOT_FOUND",
      "A2A 0.3's HTTP+JSON binding has no such path; its paths begin with /v1",
    );
  if (match.outcome === "wrongMethod") return wrongMethod(request.method, match.allowed, toLegacyError);
  const { method, taskId, configId } = match;
  const { callLegacyRest, LEGACY_METHODS, parseRestParams, streamLegacyRest } = await loadLegacy();
  const { uris, headers } = activateExtensions(call.agent, request.headers, "0.3");
  const fields = hasBody(request)
    ? await bodyFields(request, options.maxBodyBytes, taskId !== undefined)
    : queryFields(request.url);
  const params = parseRestParams(method, { fields, taskId, configId });
  const runner = createOperationRunner(operations, { ...call, extensions: uris, version: "0.3" });
  if (LEGACY_METHODS[method].kind === "stream") {
    const { heartbeatMs } = options;
    const stream = await streamLegacyRest(runner, method, params);
    return await streamResponse(iteratedSource(stream), ({ result }) => result, { heartbeatMs, headers });
  }
  const answer = await callLegacyRest(runner, method, params);
  return answer === undefined ? emptyResponse(204, headers) : jsonResponse(answer, 200, headers);
};

/** Protocol 0.3 over JSON-RPC: the same address, other methods and shapes. */
import { PlatformError } from "@agentcore/contract";
import { publicError } from "../http/error-headers.ts";
import { iteratedSource } from "../http/iterated-source.ts";
import { jsonResponse } from "../http/responses.ts";
import { sseResponse } from "../http/server-sent-events.ts";
import { jsonRpcHttpStatus } from "./a2a-errors.ts";
import { activateExtensions } from "./extensions.ts";
import type { BindingOptions, RpcRequest } from "./json-rpc.ts";
import { toLegacyError } from "./legacy-errors.ts";
import { loadLegacy } from "./load-legacy.ts";
import type { A2ACall, A2AOperations } from "./operations.ts";
import { createOperationRunner } from "./run-operation.ts";
import { streamResponse } from "./stream-response.ts";

/** Rejects with what is to be answered as an error. */
export const answerLegacyJsonRpc = async (
  { id, method, params }: RpcRequest,
  request: Request,
  call: A2ACall,
  operations: A2AOperations,
  { heartbeatMs, onError }: BindingOptions,
): Promise<Response> => {
  const { callLegacy, isLegacyMethod, LEGACY_METHODS, parseLegacyParams, streamLegacy } = await loadLegacy();
  if (!isLegacyMethod(method))
    throw new PlatformError("METHOD_NOT_FOUND", `A2A 0.3 has no method "${method.slice(0, 100)}"`);
  const activate = () => {
    const { uris, headers } = activateExtensions(call.agent, request.headers, "0.3");
    return { runner: createOperationRunner(operations, { ...call, extensions: uris, version: "0.3" }), headers };
  };
  const answer = (result: unknown) => ({ jsonrpc: "2.0", id, result });
  if (LEGACY_METHODS[method].kind === "unary") {
    const { runner, headers } = activate();
    const result = await callLegacy(runner, method, parseLegacyParams(method, params));
    return jsonResponse(answer(result), 200, headers);
  }
  try {
    const { runner, headers } = activate();
    const stream = await streamLegacy(runner, method, parseLegacyParams(method, params));
    return await streamResponse(iteratedSource(stream), ({ result }) => answer(result), { heartbeatMs, headers });
  } catch (thrown) {
    // Clients of 0.3 take no other content type for a stream with HTTP 200, and so would not find what went wrong.
    if (!takesEventsOnly(request.headers)) throw thrown;
    const error = publicError(thrown, onError);
    if (jsonRpcHttpStatus(error.code) !== 200) throw error;
    const said = { jsonrpc: "2.0", id, error: toLegacyError(error) };
    const source = iteratedSource({ frames: once(said), release: () => {} });
    return sseResponse(source, (frame) => ({ data: JSON.stringify(frame) }), { heartbeatMs });
  }
};

const takesEventsOnly = (headers: Headers): boolean => {
  const accept = headers.get("accept");
  return accept !== null && accept.includes("text/event-stream") && !accept.includes("json");
};

async function* once<Item>(item: Item): AsyncGenerator<Item, void> {
  yield item;
}

/** Errors as protocol 0.3 has them: 1.0's codes as far as there are any, and a flat body in HTTP+JSON. */
import type { PlatformError } from "@agentcore/contract";
import { errorHeaders } from "../http/error-headers.ts";
import { jsonResponse } from "../http/responses.ts";
import { A2A_ERRORS, toJsonRpcError } from "./a2a-errors.ts";

/** 0.3 ends at -32007. A call without the extension it needs is one that the agent does not support; `data` says which. */
export const toLegacyError = (error: PlatformError): ReturnType<typeof toJsonRpcError> =>
  error.code === "EXTENSION_SUPPORT_REQUIRED"
    ? { ...toJsonRpcError(error), code: A2A_ERRORS.UNSUPPORTED_OPERATION.jsonRpc }
    : toJsonRpcError(error);

/** `{ code, message, data }` with the code of JSON-RPC: 0.3 does not define it, its clients read this. */
export const legacyRestErrorResponse = (error: PlatformError): Response =>
  jsonResponse(toLegacyError(error), A2A_ERRORS[error.code].http, errorHeaders(error));

import type { PlatformError } from "@agentcore/contract";
import { errorHeaders } from "./error-headers.ts";
import { jsonResponse } from "./responses.ts";

/** `{ error }`, as the HTTP API has it. */
export const errorResponse = (error: PlatformError): Response =>
  jsonResponse({ error: error.toJSON() }, error.status, errorHeaders(error));

import { PlatformError } from "@agentcore/contract";
import { jsonResponse } from "../http/responses.ts";
import { toRestError } from "./a2a-errors.ts";

const restBody = (error: PlatformError): unknown => ({ error: { ...toRestError(error).error, code: 405 } });

/** A path that is there, asked with another method than it takes. `bodyOf` is for who expects an error in other words. */
export const wrongMethod = (method: string, allowed: readonly string[], bodyOf = restBody): Response => {
  const error = new PlatformError("METHOD_NOT_FOUND", `this path does not take ${method}: use ${allowed.join(" or ")}`);
  return jsonResponse(bodyOf(error), 405, { allow: allowed.join(", ") });
};

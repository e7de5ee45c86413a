import { PlatformError } from "@agentcore/contract";
import type { Interceptor } from "./bus-call.ts";

/** Establishes who calls: the caller given by somebody trusted, else what the message of this process says. */
export const authenticate = (): Interceptor => ({
  name: "authenticate",
  intercept(call, next) {
    const { message } = call;
    const given = call.options.caller;
    if (given !== undefined) {
      call.caller = given;
      // The receiver sees who really calls, not what the message claimed.
      message.auth = given;
      return next(call);
    }
    const { auth } = message;
    if (auth === undefined || auth.caller === "") {
      throw new PlatformError(
        "UNAUTHENTICATED",
        `message ${message.id} from ${message.source} names no caller: pass { caller } or message.auth`,
      );
    }
    call.caller = { caller: auth.caller, permissions: auth.permissions, tenantId: message.tenantId };
    return next(call);
  },
});

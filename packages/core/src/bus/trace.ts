import type { Senses } from "../ports/index.ts";
import type { Interceptor } from "./bus-call.ts";

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Keeps a valid W3C trace context, so that the caller's trace goes on, or begins one: the trace id is the message's own id
 * (or its digest), the span id this node's prefix and a counter, unique without a random number per call.
 */
export const trace = (senses: Senses): Interceptor => {
  const prefix = senses.digest.sha256(senses.ids.next()).slice(0, 8);
  let spans = 0;
  const traceIdOf = (id: string): string =>
    UUID.test(id) ? id.replaceAll("-", "") : senses.digest.sha256(id).slice(0, 32);
  return {
    name: "trace",
    intercept(call, next) {
      const { message } = call;
      if (message.traceparent === undefined || !TRACEPARENT.test(message.traceparent)) {
        spans = (spans + 1) >>> 0 || 1;
        message.traceparent = `00-${traceIdOf(message.id)}-${prefix}${spans.toString(16).padStart(8, "0")}-01`;
      }
      return next(call);
    },
  };
};

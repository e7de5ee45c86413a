/** What a gRPC call failed with, in our codes. Sources: A2A 1.0.1 section 5.4, google.rpc.Code. */
import { type ErrorCode, PlatformError } from "@agentcore/contract";
import type { ServiceError } from "@grpc/grpc-js";
import { boundedWait, codeOfDetails } from "./call-failure.ts";

// google.rpc.Code, where the details do not say more.
const OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  3: "INVALID_ARGUMENT",
  5: "TASK_NOT_FOUND",
  9: "UNSUPPORTED_OPERATION",
  12: "METHOD_NOT_FOUND",
};
const [RESOURCE_EXHAUSTED, UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE] = [8, 16, 7, 14];
// CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL: the next try may come out otherwise.
const RETRYABLE = new Set([1, 2, 4, 10, 13]);
// grpc-js refuses a message that is over its bound with a status that servers use for quotas.
const OVER_BOUND = /^Received message larger than max/;
const MAX_MESSAGE = 500;

/** Never throws; what is no error of gRPC comes back as a PlatformError. */
export const describeGrpcFailure = async (error: ServiceError, host: string): Promise<PlatformError> => {
  if (PlatformError.is(error)) return error;
  const { code, details } = error ?? {};
  if (typeof code !== "number")
    return new PlatformError("INVALID_AGENT_RESPONSE", `${host} gave an answer that cannot be read`, { cause: error });
  // The agent's own words are left out where some repeat parts of the credential.
  if (code === UNAUTHENTICATED) return new PlatformError("UNAUTHENTICATED", `${host} refused the credential`);
  if (code === PERMISSION_DENIED) return new PlatformError("PERMISSION_DENIED", `${host} does not allow this`);
  const said = String(details ?? "").slice(0, MAX_MESSAGE);
  if (code === RESOURCE_EXHAUSTED && OVER_BOUND.test(said))
    return new PlatformError("TOO_LARGE", `the answer of ${host} is larger than may be: ${said}`);
  const list = await detailsOf(error);
  const wait = retryAfterOf(list);
  if (code === RESOURCE_EXHAUSTED)
    return new PlatformError("OVERLOADED", `${host} takes no more for now`, { retryable: true, ...wait });
  const own = codeOfDetails(list) ?? OF_STATUS[code];
  if (own !== undefined) return new PlatformError(own, `${host}: ${said}`, { ...wait, cause: error });
  if (code === UNAVAILABLE)
    return new PlatformError("UPSTREAM_FAILED", `${host} cannot be reached: ${said}`, {
      retryable: true,
      ...wait,
      cause: error,
    });
  return new PlatformError("UPSTREAM_FAILED", `${host} failed (gRPC status ${code}): ${said}`, {
    retryable: RETRYABLE.has(code),
    ...wait,
    cause: error,
  });
};

const detailsOf = async ({ metadata }: ServiceError): Promise<readonly unknown[]> => {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Uint8Array)) return [];
  const { decodeStatusDetails } = await import("../grpc/protocol/descriptors.ts");
  return decodeStatusDetails(bytes);
};

/** Of RetryInfo: seconds, as ProtoJSON has a duration ("1.5s"). */
const retryAfterOf = (details: readonly unknown[]): { readonly retryAfterMs?: number } => {
  for (const detail of details) {
    const { retryDelay } = (detail ?? {}) as { readonly retryDelay?: unknown };
    const seconds = typeof retryDelay === "string" ? Number.parseFloat(retryDelay) : Number.NaN;
    if (seconds >= 0) return { retryAfterMs: boundedWait(seconds * 1000) };
  }
  return {};
};

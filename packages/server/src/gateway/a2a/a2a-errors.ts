/** How error codes look in A2A's bindings. Source: A2A 1.0.1 section 5.4; codes below the line are ours. */
import type { ErrorCode, PlatformError } from "@agentcore/contract";

interface A2AErrorEntry {
  readonly jsonRpc: number;
  /** Status of the HTTP+JSON binding. */
  readonly http: number;
  /** google.rpc.Code: of the HTTP+JSON body, and the status of gRPC. */
  readonly status: string;
  /** ErrorInfo.reason in A2A's own domain. */
  readonly reason?: string;
}

const INTERNAL = { jsonRpc: -32603, http: 500, status: "INTERNAL" } as const;
// JSON-RPC's range for servers; the codes below -32000 belong to A2A. ErrorInfo tells which error it is.
const server = (http: number, status: string) => ({ jsonRpc: -32000, http, status });
const a2a = (jsonRpc: number, http: number, status: string, reason: string) => ({ jsonRpc, http, status, reason });
const UNSUPPORTED = a2a(-32004, 400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION");

export const A2A_ERRORS: Readonly<Record<ErrorCode, A2AErrorEntry>> = {
  TASK_NOT_FOUND: a2a(-32001, 404, "NOT_FOUND", "TASK_NOT_FOUND"),
  TASK_NOT_CANCELABLE: a2a(-32002, 400, "FAILED_PRECONDITION", "TASK_NOT_CANCELABLE"),
  PUSH_NOTIFICATION_NOT_SUPPORTED: a2a(-32003, 400, "FAILED_PRECONDITION", "PUSH_NOTIFICATION_NOT_SUPPORTED"),
  UNSUPPORTED_OPERATION: UNSUPPORTED,
  TASK_TERMINAL: UNSUPPORTED,
  CONTENT_TYPE_NOT_SUPPORTED: a2a(-32005, 400, "INVALID_ARGUMENT", "CONTENT_TYPE_NOT_SUPPORTED"),
  INVALID_AGENT_RESPONSE: a2a(-32006, 500, "INTERNAL", "INVALID_AGENT_RESPONSE"),
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: a2a(-32007, 400, "FAILED_PRECONDITION", "EXTENDED_AGENT_CARD_NOT_CONFIGURED"),
  EXTENSION_SUPPORT_REQUIRED: a2a(-32008, 400, "FAILED_PRECONDITION", "EXTENSION_SUPPORT_REQUIRED"),
  VERSION_NOT_SUPPORTED: a2a(-32009, 400, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED"),
  PARSE_ERROR: { jsonRpc: -32700, http: 400, status: "INVALID_ARGUMENT" },
  INVALID_REQUEST: { jsonRpc: -32600, http: 400, status: "INVALID_ARGUMENT" },
  METHOD_NOT_FOUND: { jsonRpc: -32601, http: 404, status: "UNIMPLEMENTED" },
  INVALID_ARGUMENT: { jsonRpc: -32602, http: 400, status: "INVALID_ARGUMENT" },
  INTERNAL,
  // ---- not in A2A's table
  UNAUTHENTICATED: server(401, "UNAUTHENTICATED"),
  PERMISSION_DENIED: server(403, "PERMISSION_DENIED"),
  NOT_FOUND: server(404, "NOT_FOUND"),
  AGENT_NOT_FOUND: server(404, "NOT_FOUND"),
  NO_CANDIDATE: server(404, "NOT_FOUND"),
  TARGET_UNSUPPORTED: server(400, "INVALID_ARGUMENT"),
  CONFLICT: server(409, "ABORTED"),
  LOOP_DETECTED: server(409, "ABORTED"),
  REPLAY_DIFFERS: server(409, "FAILED_PRECONDITION"),
  TASK_NOT_RETRIABLE: server(409, "FAILED_PRECONDITION"),
  TOO_LARGE: server(413, "RESOURCE_EXHAUSTED"),
  OVERLOADED: server(429, "RESOURCE_EXHAUSTED"),
  CIRCUIT_OPEN: server(503, "UNAVAILABLE"),
  BULKHEAD_FULL: server(503, "UNAVAILABLE"),
  UNAVAILABLE: server(503, "UNAVAILABLE"),
  STORE_UNAVAILABLE: server(503, "UNAVAILABLE"),
  DATA_LOCKED: server(503, "UNAVAILABLE"),
  REVISION_UNAVAILABLE: server(503, "UNAVAILABLE"),
  UPSTREAM_FAILED: server(502, "UNAVAILABLE"),
  DEADLINE_EXCEEDED: server(504, "DEADLINE_EXCEEDED"),
  DECISION_REFUSED: server(409, "FAILED_PRECONDITION"),
  DECISION_EXPIRED: server(409, "FAILED_PRECONDITION"),
  DECISION_DIVIDED: server(409, "FAILED_PRECONDITION"),
  CANCELED: server(409, "CANCELLED"),
  REJECTED: server(409, "FAILED_PRECONDITION"),
  LEASE_LOST: server(409, "ABORTED"),
  BUDGET_EXCEEDED: server(402, "RESOURCE_EXHAUSTED"),
  MODEL_NOT_CONFIGURED: server(400, "FAILED_PRECONDITION"),
  NON_DETERMINISTIC: INTERNAL,
  STEP_KEY_COLLISION: INTERNAL,
  OUTSIDE_AWAIT: INTERNAL,
  RESULT_NOT_SERIALISABLE: INTERNAL,
  OUTPUT_MISMATCH: INTERNAL,
  OUTPUT_REFUSED: INTERNAL,
  OUTCOME_UNKNOWN: INTERNAL,
  LIMIT_REACHED: server(409, "FAILED_PRECONDITION"),
  INPUT_REQUIRED: server(409, "FAILED_PRECONDITION"),
  EXPRESSION_FAILED: INTERNAL,
  AGENT_FAILED: INTERNAL,
  WORKFLOW_FAILED: INTERNAL,
  ATTEMPTS_EXHAUSTED: INTERNAL,
  HISTORY_LIMIT: INTERNAL,
  PAYLOAD_UNREADABLE: INTERNAL,
  QUERY_HAS_EFFECT: INTERNAL,
  RECORDING_MISSING: INTERNAL,
  NOT_INSTALLED: INTERNAL,
  SANDBOX_UNAVAILABLE: INTERNAL,
  CONFIG_INVALID: INTERNAL,
};

// What intermediaries must understand without reading the body: who may not, what is too much, what is away for now.
const TRANSPORT_STATUSES: ReadonlySet<number> = new Set([401, 403, 413, 429, 503]);

/** JSON-RPC errors travel with HTTP 200, except those, and a URL that names no agent: it is no JSON-RPC address. */
export const jsonRpcHttpStatus = (code: ErrorCode): number => {
  const { http } = A2A_ERRORS[code];
  return TRANSPORT_STATUSES.has(http) || code === "AGENT_NOT_FOUND" ? http : 200;
};

type ErrorDetail = Readonly<Record<string, unknown>> & { readonly "@type": string };

const TYPE = "type.googleapis.com/google.rpc.";

const detailsOf = (error: PlatformError): ErrorDetail[] => {
  const { reason, jsonRpc } = A2A_ERRORS[error.code];
  const details: ErrorDetail[] = [];
  if (reason !== undefined) {
    details.push({
      "@type": `${TYPE}ErrorInfo`,
      reason,
      domain: "a2a-protocol.org",
      metadata: textValues(error.details),
    });
  } else if (jsonRpc === -32000 || error.code === "INTERNAL") {
    details.push({
      "@type": `${TYPE}ErrorInfo`,
      reason: error.code,
      domain: "agentcore.dev",
      metadata: textValues(error.details),
    });
  }
  if (error.violations !== undefined && error.violations.length > 0) {
    details.push({ "@type": `${TYPE}BadRequest`, fieldViolations: error.violations });
  }
  if (error.retryAfterMs !== undefined) {
    details.push({ "@type": `${TYPE}RetryInfo`, retryDelay: `${error.retryAfterMs / 1000}s` });
  }
  return details;
};

// ErrorInfo.metadata is a map of strings.
const textValues = (details: Readonly<Record<string, unknown>> | undefined): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(details ?? {})) {
    texts[key] = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  }
  return texts;
};

export const toJsonRpcError = (error: PlatformError) => {
  const data = detailsOf(error);
  return { code: A2A_ERRORS[error.code].jsonRpc, message: error.message, ...(data.length === 0 ? {} : { data }) };
};

export const toRestError = (error: PlatformError) => {
  const { http, status } = A2A_ERRORS[error.code];
  return { error: { code: http, status, message: error.message, details: detailsOf(error) } };
};

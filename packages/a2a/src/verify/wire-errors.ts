/** Errors as they come over the wire, and the one that was asked for. Source: A2A 1.0.1 section 5.4. */

import type { Reply } from "./channel.ts";
import { found } from "./check.ts";
import { isObject, shown, textAt } from "./json-values.ts";

interface ErrorForm {
  readonly jsonRpc: number;
  /** The released status first, then those of 1.0.0, which servers in the field still send. */
  readonly http: readonly number[];
  /** Numbers of google.rpc.Code, in the same order. */
  readonly grpc: readonly number[];
  /** Whether ErrorInfo names it. */
  readonly named: boolean;
}

const named = (jsonRpc: number, http: readonly number[], grpc: readonly number[]): ErrorForm => ({
  ...{ jsonRpc, http, grpc },
  named: true,
});
const unnamed = (jsonRpc: number, http: number, grpc: number): ErrorForm => ({
  ...{ jsonRpc, http: [http], grpc: [grpc] },
  named: false,
});

export const ERROR_FORMS = {
  TASK_NOT_FOUND: named(-32001, [404], [5]),
  TASK_NOT_CANCELABLE: named(-32002, [400, 409], [9]),
  PUSH_NOTIFICATION_NOT_SUPPORTED: named(-32003, [400], [9, 12]),
  UNSUPPORTED_OPERATION: named(-32004, [400], [9, 12]),
  CONTENT_TYPE_NOT_SUPPORTED: named(-32005, [400, 415], [3]),
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: named(-32007, [400], [9]),
  EXTENSION_SUPPORT_REQUIRED: named(-32008, [400], [9]),
  VERSION_NOT_SUPPORTED: named(-32009, [400], [9, 12]),
  "parse error": unnamed(-32700, 400, 3),
  "invalid request": unnamed(-32600, 400, 3),
  "method not found": unnamed(-32601, 404, 12),
  "invalid params": unnamed(-32602, 400, 3),
} as const satisfies Record<string, ErrorForm>;

export type ErrorName = keyof typeof ERROR_FORMS;

export interface WireError {
  /** JSON-RPC's code, the HTTP status, or the number of the gRPC status. */
  readonly code: number;
  readonly message: string;
  readonly details: readonly unknown[];
  /** `reason` of the ErrorInfo. */
  readonly reason: string | undefined;
}

export const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
export const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

export const toWireError = (code: number, message: unknown, details: unknown): WireError => {
  const list: readonly unknown[] = Array.isArray(details) ? details : [];
  return {
    code,
    message: typeof message === "string" ? message : "",
    details: list,
    reason: textAt(
      list.find((detail) => isObject(detail) && detail["@type"] === ERROR_INFO),
      "reason",
    ),
  };
};

const codesOf = (reply: Reply, form: ErrorForm): readonly number[] => {
  if (reply.binding === "JSONRPC") return [form.jsonRpc];
  return reply.binding === "GRPC" ? form.grpc : form.http;
};

export const describeExpected = (reply: Reply, name: ErrorName): string => {
  const codes = codesOf(reply, ERROR_FORMS[name]);
  const what = reply.binding === "JSONRPC" ? "code" : reply.binding === "GRPC" ? "gRPC status" : "HTTP";
  return `the error ${name} (${what} ${codes.join(" or ")})`;
};

/** A failure of ours only where both code and, if it is sent, ErrorInfo's reason say something else. */
export const isError = (reply: Reply, name: ErrorName): boolean => {
  const form = ERROR_FORMS[name];
  const { error } = reply;
  if (error === undefined || !codesOf(reply, form).includes(error.code)) return false;
  // Over HTTP and gRPC several errors share a status: there the reason tells them apart. Its absence is a finding of its own.
  return reply.binding === "JSONRPC" || !form.named || error.reason === undefined || error.reason === name;
};

export const expectError = (reply: Reply, ...names: readonly [ErrorName, ...ErrorName[]]): void => {
  if (names.some((name) => isError(reply, name))) return;
  found(describeReply(reply), names.map((name) => describeExpected(reply, name)).join(", or "));
};

/** What came, in a line. */
export const describeReply = (reply: Reply): string => {
  const { error, result, http } = reply;
  const status = http === undefined ? "" : `HTTP ${http.status}, `;
  if (error !== undefined)
    return `${status}error ${error.code}${error.reason === undefined ? "" : ` ${error.reason}`}: ${shown(error.message)}`;
  if (result !== undefined) return `${status}a result: ${shown(result)}`;
  return `${status}neither result nor error: ${shown(http?.text ?? "")}`;
};

import { ERROR_CODES, type ErrorCode } from "@agentcore/contract";
import { expect, test } from "vitest";
import { A2A_ERRORS, jsonRpcHttpStatus } from "./a2a-errors.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

test("an error has the same HTTP status through A2A as through the API, but where A2A's table says another", () => {
  const others = CODES.filter((code) => A2A_ERRORS[code].http !== ERROR_CODES[code].status);
  expect(others).toEqual(["TASK_TERMINAL"]);
  expect(A2A_ERRORS.TASK_TERMINAL.http).toBe(400);
});

test("over JSON-RPC intermediaries see who may not, what is too much and what is away; all else travels with 200", () => {
  const seen = CODES.filter((code) => jsonRpcHttpStatus(code) !== 200);
  expect(seen).toEqual([
    ...["UNAUTHENTICATED", "PERMISSION_DENIED", "AGENT_NOT_FOUND", "TOO_LARGE", "OVERLOADED", "CIRCUIT_OPEN"],
    ...["BULKHEAD_FULL", "UNAVAILABLE", "STORE_UNAVAILABLE", "REVISION_UNAVAILABLE", "DATA_LOCKED"],
  ]);
  for (const code of seen) expect(jsonRpcHttpStatus(code), code).toBe(ERROR_CODES[code].status);
});

import { PlatformError } from "@agentcore/contract/errors";
import { expect, test } from "vitest";
import { describeFailure } from "./failure.ts";

const lines = (message: string, ...violations: (readonly [field: string, description: string])[]) =>
  describeFailure(
    new PlatformError("INVALID_ARGUMENT", message, {
      violations: violations.map(([field, description]) => ({ field, description })),
    }),
    false,
  ).slice(1);

test("a field stands below an error once, and not when the message names it", () => {
  expect(lines("the input is not valid", ["a", "expected text"], ["", "no more"])).toEqual([
    "  a: expected text",
    "  no more",
  ]);
  expect(lines("not valid: a: expected text", ["a", "expected text"])).toEqual([]);
  expect(lines("the module does not load: boom", ["spec.code.path", "boom"])).toEqual([]);
  expect(lines("not valid: a: expected text", ["a", "expected text"], ["b", "expected text"])).toEqual([
    "  b: expected text",
  ]);
});

test("a node whose certificate is not believed needs its authority, not a start", () => {
  const tls = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  const cause = new TypeError("fetch failed", { cause: tls });
  const lines = describeFailure(new PlatformError("UNAVAILABLE", "cannot reach https://n", { cause }), false);
  expect(lines.at(-1)).toContain("--ca");
});

test("a node is to be started where none can be reached, not where one has answered", () => {
  const lastLine = (cause?: unknown) =>
    describeFailure(new PlatformError("UNAVAILABLE", "not now", { cause }), false).at(-1);
  expect(lastLine(new TypeError("fetch failed"))).toContain("agentcore up");
  expect(lastLine()).toContain("again in a moment");
});

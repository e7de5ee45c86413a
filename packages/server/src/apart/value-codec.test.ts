import { PlatformError, RejectedError, RetryableError } from "@agentcore/contract";
import { assertSerialisable } from "@agentcore/core/tasks";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { decode, encode, type References } from "./value-codec.ts";

/** Both sides in one place. */
const references = (): References => {
  const functions: ((...values: never[]) => unknown)[] = [];
  const signals: AbortSignal[] = [];
  return {
    functionId: (run) => functions.push(run) - 1,
    signalId: (signal) => signals.push(signal) - 1,
    theirId: () => undefined,
    ownFunction: (id) => functions[id] as never,
    functionOf:
      (id) =>
      async (...values) =>
        (functions[id] as (...values: unknown[]) => unknown)(...values),
    signalOf: (id, aborted) =>
      aborted === null ? (signals[id] ?? AbortSignal.abort()) : AbortSignal.abort(aborted.reason),
  };
};

const across = (value: unknown): unknown => {
  const both = references();
  return decode(JSON.parse(JSON.stringify(encode(value, both))), both);
};

test("every value of JSON arrives as it is, whatever its members are called", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.stringify(across(value))).toBe(JSON.stringify(value));
    }),
  );
  for (const value of [
    { $apart: "function", id: 1 },
    { a: [{ $apart: { $apart: 1 } }] },
    JSON.parse('{"__proto__":{"x":1}}'),
  ])
    expect(JSON.stringify(across(value))).toBe(JSON.stringify(value));
});

class Money {
  readonly amount = 5;
}
const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

test.each([
  ["undefined in a list", [undefined, 1]],
  ["not a number", { a: Number.NaN }],
  ["infinite", -Infinity],
  ["a bigint", { a: 5n }],
  ["a symbol", [Symbol("s")]],
  ["a function", { run: () => 1 }],
  ["a map", { a: new Map([[1, 2]]) }],
  ["a date", new Date(0)],
  ["an instance of a class", { price: new Money() }],
])("ctx says of %s what it says of it in the node", (_, value) => {
  const verdict = (what: unknown): unknown => {
    try {
      assertSerialisable(what, "it");
      return "fits";
    } catch (error) {
      return (error as PlatformError).message;
    }
  };
  expect(verdict(across(value))).toBe(verdict(value));
});

test("a cycle arrives as one", () => {
  expect(() => assertSerialisable(across({ cycle }), "it")).toThrow(/cycle\.self.* is a cycle/);
});

test("errors keep their code, their name, and whether they are a rejection or ask for another try", () => {
  const details = { violations: [{ field: "a", description: "b" }], retryable: true, retryAfterMs: 5 };
  const error = across(new PlatformError("UPSTREAM_FAILED", "down", details)) as PlatformError;
  expect(error.toJSON()).toEqual(new PlatformError("UPSTREAM_FAILED", "down", details).toJSON());
  expect(RejectedError.is(across(new RejectedError("no")))).toBe(true);
  expect(across(new PlatformError("REJECTED", "theirs"))).not.toSatisfy(RejectedError.is);
  const again = new RetryableError("busy", { code: "BULKHEAD_FULL", retryAfterMs: 5 });
  expect(across(again)).toSatisfy(RetryableError.is);
  expect((across(again) as PlatformError).toJSON()).toEqual(again.toJSON());
  expect(across(new PlatformError("UPSTREAM_FAILED", "down", details))).not.toSatisfy(RetryableError.is);
  expect(across(new TypeError("odd"))).toMatchObject({ name: "TypeError", message: "odd" });
});

test("functions, signals and schemas lead back", async () => {
  const given = {
    run: async (n: number) => n + 1,
    signal: AbortSignal.abort(new Error("enough")),
    schema: z.object({ n: z.number() }),
  };
  const { run, signal, schema } = across(given) as typeof given;
  expect(await run(1)).toBe(2);
  expect([signal.aborted, (signal.reason as Error).message]).toEqual([true, "enough"]);
  expect(await schema["~standard"].validate({ n: 1 })).toEqual({ value: { n: 1 } });
  expect(await schema["~standard"].validate({ n: "x" })).toMatchObject({ issues: [{ path: ["n"] }] });
});

test("what has come from the other side goes back as what it was there", () => {
  const own = async () => "own";
  const there = { ...references(), theirId: (run: unknown) => (run === own ? 7 : undefined) };
  const encoded = encode({ run: own, schema: { "~standard": { version: 1, vendor: "v", validate: own } } }, there);
  const here = { ...references(), ownFunction: (id: number) => () => `mine ${id}` };
  const { run, schema } = decode(JSON.parse(JSON.stringify(encoded)), here) as {
    run: () => string;
    schema: { "~standard": { validate: () => string } };
  };
  expect([run(), schema["~standard"].validate()]).toEqual(["mine 7", "mine 7"]);
});

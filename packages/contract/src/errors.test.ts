import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CancelledError, ERROR_CODES, PlatformError, RetryableError, TerminalError } from "./errors.ts";

interface Row {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly advice: string;
}

const documented = (): Row[] => {
  const text = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  return [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (yes|no) \| (.+?) \| (.+) \|$/gm)].map(
    ([, code = "", status, retryable, meaning = "", advice = ""]) => ({
      code,
      status: Number(status),
      retryable: retryable === "yes",
      meaning,
      advice,
    }),
  );
};

test("docs/errors.md has one row per code, in the same order and with the same words", () => {
  const table = Object.entries(ERROR_CODES).map(([code, entry]) => ({ code, ...entry }));
  expect(documented().map(({ code, status, retryable, meaning }) => ({ code, status, retryable, meaning }))).toEqual(
    table,
  );
});

test("every documented code says what to do", () => {
  expect(documented().filter(({ advice }) => advice.trim().length < 10)).toEqual([]);
});

test("every code has an HTTP error status and a sentence", () => {
  for (const [code, { status, meaning }] of Object.entries(ERROR_CODES)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
    expect(meaning, code).toMatch(/^[A-Z`].*\.$/);
  }
});

test("an error survives its JSON form", () => {
  const error = new PlatformError("UPSTREAM_FAILED", "the bureau did not answer", {
    details: { host: "bureau" },
    violations: [{ field: "a", description: "b" }],
    retryable: false,
    retryAfterMs: 250,
    cause: new Error("ECONNRESET"),
  });
  const copy = PlatformError.fromJSON(JSON.parse(JSON.stringify(error)));
  expect(copy).toMatchObject({
    code: "UPSTREAM_FAILED",
    message: "the bureau did not answer",
    status: 502,
    retryable: false,
    retryAfterMs: 250,
    details: { host: "bureau" },
    violations: [{ field: "a", description: "b" }],
  });
  expect(copy.toJSON()).toEqual(error.toJSON());
});

test("the JSON form holds neither stack nor cause, and no member that was not given", () => {
  const error = new PlatformError("INTERNAL", "broken", { cause: new Error("secret") });
  expect(error.toJSON()).toEqual({ code: "INTERNAL", message: "broken" });
});

test("a canceled step fails as CancelledError after a replay too", () => {
  const copy = PlatformError.fromJSON(new CancelledError("no longer wanted").toJSON());
  expect(copy).toBeInstanceOf(CancelledError);
  expect(copy).toMatchObject({ code: "CANCELED", message: "no longer wanted" });
});

test("a code of a newer version is read as INTERNAL", () => {
  const json = { code: "OF_THE_FUTURE", message: "?" } as unknown as Parameters<typeof PlatformError.fromJSON>[0];
  expect(PlatformError.fromJSON(json)).toMatchObject({ code: "INTERNAL", message: "?" });
});

test("errors of another copy of the package are recognised by their brand, others are not", () => {
  const foreign = { [Symbol.for("agentcore.PlatformError")]: true, code: "CONFLICT", message: "" };
  expect(PlatformError.is(foreign)).toBe(true);
  for (const value of [new Error("x"), { code: "CONFLICT" }, null, undefined, "CONFLICT"]) {
    expect(PlatformError.is(value)).toBe(false);
  }
});

test("foreign throws become the fallback code with the original as cause; platform errors pass unchanged", () => {
  const original = new TypeError("x is not a function");
  expect(PlatformError.from(original, "AGENT_FAILED")).toMatchObject({ code: "AGENT_FAILED", cause: original });
  expect(PlatformError.from("words")).toMatchObject({ code: "INTERNAL", message: "words" });
  const known = new PlatformError("CONFLICT", "changed");
  expect(PlatformError.from(known, "AGENT_FAILED")).toBe(known);
});

test("TerminalError is never retryable and RetryableError always is, whatever the code says", () => {
  expect(new TerminalError("no", { code: "UPSTREAM_FAILED" }).retryable).toBe(false);
  expect(new RetryableError("later", { code: "NOT_FOUND", retryAfterMs: 5 })).toMatchObject({
    retryable: true,
    retryAfterMs: 5,
  });
});

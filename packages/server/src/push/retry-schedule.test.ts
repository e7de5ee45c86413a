import { describe, expect, test } from "vitest";
import { failureOf, GIVE_UP_AFTER_MS, retryAfterOf, retryDelay } from "./retry-schedule.ts";

const delay = (attempts: number, more: Partial<Parameters<typeof retryDelay>[0]> = {}) =>
  retryDelay({ attempts, kind: "transient", random: 0, ...more });

describe("retryDelay", () => {
  test("begins with 100, 200 and 400 ms, doubles, and ends at an hour", () => {
    expect([1, 2, 3, 4, 10, 16, 17, 1000].map((attempts) => delay(attempts))).toEqual([
      ...[100, 200, 400, 800, 51_200],
      ...[3_276_800, 3_600_000, 3_600_000],
    ]);
  });

  test("spreads by up to a quarter", () => {
    expect(delay(3, { random: 0.5 })).toBe(450);
    expect(delay(99, { random: 0.999 })).toBeLessThan(4_500_000);
  });

  test("waits a minute at least after a refusal, and what the receiver asks for, an hour at most", () => {
    expect(delay(1, { kind: "refused" })).toBe(60_000);
    expect(delay(17, { kind: "refused" })).toBe(3_600_000);
    expect(delay(1, { retryAfterMs: 7_000 })).toBe(7_000);
    expect(delay(9, { retryAfterMs: 7_000 })).toBe(25_600);
    expect(delay(1, { retryAfterMs: 1e12 })).toBe(3_600_000);
  });

  test("comes to some forty attempts in the day after which a receiver is given up", () => {
    let attempts = 0;
    for (let at = 0; at < GIVE_UP_AFTER_MS; at += delay(attempts)) attempts += 1;
    expect(attempts).toBe(39);
  });
});

test("retryAfterOf reads seconds and dates, and nothing else", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfterOf("120", now)).toBe(120_000);
  expect(retryAfterOf("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
  expect(retryAfterOf("Wed, 31 Dec 2025 00:00:30 GMT", now)).toBe(0);
  expect(retryAfterOf("soon", now)).toBeUndefined();
  expect(retryAfterOf(null, now)).toBeUndefined();
});

test("failureOf tells what may pass from what will not", () => {
  const statuses = [408, 409, 425, 429, 500, 503, 599, 410, 301, 307, 400, 401, 403, 404, 413];
  expect(statuses.map(failureOf)).toEqual([
    ...Array<string>(7).fill("transient"),
    "gone",
    ...Array<string>(7).fill("refused"),
  ]);
});

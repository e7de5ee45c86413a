import { describe, expect, test } from "vitest";
import { timeExpression } from "./time-expression.ts";
import { tokenise } from "./token.ts";

function read(text: string, today = "2025-06-30"): string {
  const words = tokenise(text).map(({ text: word }) => word);
  const found = timeExpression(words, 0, { today, firstDay: "2023-01-01" });
  if (!found || found.length !== words.length) return "not read";
  const { meaning } = found;
  return meaning.kind === "period" ? `${meaning.period.from}..${meaning.period.to}` : meaning.kind;
}

describe("times that name themselves", () => {
  test.each([
    ["2024", "2024-01-01..2024-12-31"],
    ["last year's", "2024-01-01..2024-12-31"],
    ["the current quarter", "2025-04-01..2025-06-30"],
    ["the month of February 2024", "2024-02-01..2024-02-29"],
    ["Q3 of last year", "2024-07-01..2024-09-30"],
    ["the second half of 2024", "2024-07-01..2024-12-31"],
    ["2024 Q1", "2024-01-01..2024-03-31"],
    ["2024-03", "2024-03-01..2024-03-31"],
    ["the 5th of March 2024", "2024-03-05..2024-03-05"],
    ["March 5, 2024", "2024-03-05..2024-03-05"],
    ["last week", "2025-06-23..2025-06-29"],
    ["the last 30 days", "2025-06-01..2025-06-30"],
    ["the past twelve months", "2024-07-01..2025-06-30"],
    ["since March 2024", "2024-03-01..2025-06-30"],
    ["from March 2024 on", "2024-03-01..2025-06-30"],
    ["after 2024", "2025-01-01..2025-06-30"],
    ["before 2024", "2023-01-01..2023-12-31"],
    ["up to March 2023", "2023-01-01..2023-03-31"],
    ["between January and March 2024", "2024-01-01..2024-03-31"],
    ["from 2023-02-10 to 2023-03-05", "2023-02-10..2023-03-05"],
    ["year to date", "2025-01-01..2025-06-30"],
  ])("%s", (text, expected) => expect(read(text)).toBe(expected));
});

describe("times that could be several are not chosen between", () => {
  test.each(["March", "Q2", "the first quarter", "since May", "from 2024", "from 2024 to 2023"])("%s", (text) => {
    expect(["ambiguous", "not read"]).toContain(read(text));
  });
});

describe("what is no time is not read as one", () => {
  test.each([
    "2024-02-30",
    "2024-13",
    "31st of April 2024",
    "01/02/2024",
    "next year",
    "summer 2024",
    "the last 2 years",
  ])("%s", (text) => {
    expect(read(text)).toBe("not read");
  });
});

test("relative times on the first day of a year reach back into the year before", () => {
  expect(read("last month", "2025-01-01")).toBe("2024-12-01..2024-12-31");
  expect(read("last quarter", "2025-01-01")).toBe("2024-10-01..2024-12-31");
  expect(read("yesterday", "2025-01-01")).toBe("2024-12-31..2024-12-31");
});

import { describe, expect, it } from "vitest";
import { ageOn, monthsBetween, parseDate } from "./calendar-date.ts";
import { parseDuration } from "./duration.ts";

describe("dates", () => {
  it.each([
    "1985-03-04",
    "04.03.1985",
    "4/3/1985",
    "4 March 1985",
    "4th of March 1985",
    "March 4, 1985",
    "04-Mar-1985",
    "4. März 1985",
    "1985-03-04T10:00:00Z",
  ])("reads %s as the fourth of March", (text) => expect(parseDate(text)).toBe("1985-03-04"));

  it("takes day before month unless that is impossible or told otherwise", () => {
    expect(parseDate("03/25/1985")).toBe("1985-03-25");
    expect(parseDate("03/04/1985")).toBe("1985-04-03");
    expect(parseDate("03/04/1985", "month-first")).toBe("1985-03-04");
  });

  it("takes a month for its first day", () => {
    expect(parseDate("March 2019")).toBe("2019-03-01");
    expect(parseDate("03/2019")).toBe("2019-03-01");
  });

  it.each(["31.02.2020", "29.02.2023", "1985", "04.03.85", "13/13/2000", "soon", ""])("refuses %s", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("counts whole months and years, birthdays on the 29th of February included", () => {
    expect(monthsBetween("2020-01-31", "2020-02-29")).toBe(0);
    expect(monthsBetween("2021-05-01", "2026-04-30")).toBe(59);
    expect(ageOn("2008-02-29", "2026-02-28")).toBe(17);
    expect(ageOn("2008-02-29", "2026-03-01")).toBe(18);
  });
});

describe("durations", () => {
  it.each([
    ["48 months", 48],
    ["4 years", 48],
    ["five years and 3 months", 63],
    ["1 year, 1 month", 13],
    ["2.5 years", 30],
    ["36", 36],
  ])("reads %s", (text, months) => {
    expect(parseDuration(text)).toBe(months);
  });

  it("counts a bare number in the unit of its label", () => {
    expect(parseDuration("4", "years")).toBe(48);
    expect(parseDuration("a while")).toBeUndefined();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatEuro, parseMoney } from "./money.ts";

describe("money", () => {
  it.each([
    ["€1,250.50", 125_050, "EUR"],
    ["1.250,50 EUR", 125_050, "EUR"],
    ["EUR 1250.50", 125_050, "EUR"],
    ["1 250,50 €", 125_050, "EUR"],
    ["1'250.50", 125_050, undefined],
    ["1\u202f250,50\u00a0€", 125_050, "EUR"],
    ["€1.250,-", 125_000, "EUR"],
    ["12.000 euros", 1_200_000, "EUR"],
    ["12,5", 1_250, undefined],
    ["5k€", 500_000, "EUR"],
    ["1,234,567.89", 123_456_789, undefined],
    ["$ 300", 30_000, "USD"],
    ["GBP 300.00 per month", 30_000, "GBP"],
    ["-120,00", -12_000, undefined],
    ["(120.00)", -12_000, undefined],
    ["120.00-", -12_000, undefined],
    ["3.400 € / month", 340_000, "EUR"],
    ["0", 0, undefined],
  ])("reads %s", (text, cents, currency) => {
    expect(parseMoney(text)).toEqual({ cents, currency });
  });

  it.each(["", "about a lot", "1.25.0", "1,25,000", "12 34", "1.250.50", "€", "1250.505"])(
    "refuses to guess at %s",
    (text) => {
      expect(parseMoney(text)).toBeUndefined();
    },
  );

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e10, max: 1e10 }), (cents) => {
        expect(parseMoney(formatEuro(cents))).toEqual({ cents: cents === 0 ? 0 : cents, currency: "EUR" });
      }),
    );
  });
});

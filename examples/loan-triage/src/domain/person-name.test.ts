import { describe, expect, it } from "vitest";
import { parseCountry } from "./country.ts";
import { isValidIdentityNumber, normaliseIdentityNumber } from "./identity-number.ts";
import { normaliseName, sameName } from "./person-name.ts";

describe("names", () => {
  it.each([
    ["HALVORSEN, Ingrid", "Ingrid Halvorsen"],
    ["Ms  Anne-Marie O'Brien ", "Anne-Marie O'Brien"],
    ["O'BRIEN-DUBOIS, Aoife", "Aoife O'Brien-Dubois"],
    ["Noor van der Berg.", "Noor van der Berg"],
  ])("normalises %s", (text, name) => expect(normaliseName(text)).toBe(name));

  it("is not fooled by numbers or single letters", () => {
    expect(normaliseName("A-7781")).toBeUndefined();
    expect(normaliseName("X")).toBeUndefined();
  });

  it("knows a name again without accents, in another order or abbreviated", () => {
    expect(sameName("José García", "Jose Garcia")).toBe(true);
    expect(sameName("García José", "José García")).toBe(true);
    expect(sameName("I. Halvorsen", "Ingrid Halvorsen")).toBe(true);
    expect(sameName("Ingrid Halvorsen", "Marta Halvorsen")).toBe(false);
  });
});

describe("countries and identity numbers", () => {
  it("reads names, codes and addresses", () => {
    expect(
      ["Austria", "deutschland", "IRL", "The Netherlands", "Graz, Austria", "Spain (ES)"].map(parseCountry),
    ).toEqual(["AT", "DE", "IE", "NL", "AT", "ES"]);
    expect(parseCountry("Atlantis")).toBeUndefined();
  });

  it("finds every single wrong digit and every swap of neighbours", () => {
    const right = normaliseIdentityNumber("1234-5678 89") ?? "";
    expect(isValidIdentityNumber(right)).toBe(true);
    for (let index = 0; index < 10; index += 1) {
      for (let digit = 0; digit < 10; digit += 1) {
        const wrong = right.slice(0, index) + digit + right.slice(index + 1);
        expect(isValidIdentityNumber(wrong)).toBe(wrong === right);
      }
      const swapped = right.slice(0, index) + (right[index + 1] ?? "") + (right[index] ?? "") + right.slice(index + 2);
      expect(isValidIdentityNumber(swapped)).toBe(swapped === right);
    }
    expect(isValidIdentityNumber("AB12345678")).toBe(false);
  });
});

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factsOf } from "../src/domain/application.ts";
import { extractApplication } from "../src/domain/extraction/extract-application.ts";
import { foldName } from "../src/domain/person-name.ts";
import { type GeneratedApplication, generateSet } from "./generate-set.ts";
import { scenarios } from "./scenarios.ts";
import { employmentMonthsOf, nameOf } from "./truth.ts";

/** The facts a reader of this document must arrive at. */
function factsOfTruth({ truth }: GeneratedApplication) {
  const statement = truth.format === "statement";
  // Where the loan is in another currency, what stands beside it may or may not name one: only the loan must be refused.
  const euro = truth.currency === "EUR";
  const stated = <T>(value: T, known = true) => (known ? value : undefined);
  return {
    fullName: stated(foldName(nameOf(truth)), truth.omitted !== "name"),
    dateOfBirth: truth.dateOfBirth,
    identityNumber: stated(truth.identityNumber, truth.omitted !== "identity"),
    country: stated(truth.country, truth.omitted !== "country"),
    applicationDate: truth.applicationDate,
    requestedAmountCents: stated(truth.amountCents, euro && truth.omitted !== "amount"),
    termMonths: stated(truth.termMonths, truth.omitted !== "term"),
    purpose: truth.purpose,
    monthlyIncomeCents: stated(
      truth.incomeCents,
      euro && truth.omitted !== "income" && truth.contradiction?.kind !== "income",
    ),
    monthlyObligationsCents: stated(truth.obligationsCents, euro && truth.omitted !== "obligations"),
    monthlyHousingCents: stated(truth.housingCents, euro),
    employmentMonths: employmentMonthsOf(truth),
    statementMonths: stated(truth.statementMonths, statement),
    overdraftMonths: stated(truth.overdraftMonths, statement),
    monthlyCashDepositsCents: stated(truth.cashDepositsCents, truth.cashDepositsCents > 0),
    politicallyExposed: truth.politicallyExposed,
  };
}

async function factsRead({ bytes, truth }: GeneratedApplication) {
  const { application } = await extractApplication(bytes, { receivedOn: "2026-11-01" });
  const { statedAge: _age, employedSince: _since, ...facts } = factsOf(application);
  if (truth.currency !== "EUR")
    for (const field of ["monthlyIncomeCents", "monthlyObligationsCents", "monthlyHousingCents"] as const)
      delete facts[field];
  return {
    ...facts,
    fullName: facts.fullName && foldName(facts.fullName),
    politicallyExposed: facts.politicallyExposed ?? false,
  };
}

describe("generated documents", () => {
  it("are read back to exactly what they were written from, for any seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        for (const application of await generateSet({ seed })) {
          if (application.truth.damage) continue;
          const expected = Object.fromEntries(
            Object.entries(factsOfTruth(application)).filter(([, value]) => value !== undefined),
          );
          expect(
            await factsRead(application),
            `seed ${seed}, ${application.fileName}: ${application.scenario}`,
          ).toEqual(expected);
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it("carry evidence that points at an existing line holding the text", async () => {
    for (const { bytes, truth, fileName } of await generateSet({ seed: 99 })) {
      if (truth.damage || truth.format === "pdf") continue;
      const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
      const { application } = await extractApplication(bytes, { receivedOn: "2026-11-01" });
      for (const entry of Object.values(application)) {
        expect(entry?.evidence.length, fileName).toBeGreaterThan(0);
        for (const { line, text } of entry?.evidence ?? [])
          expect(lines[line - 1]?.trim().slice(0, 160), fileName).toBe(text);
      }
    }
  });

  it("are the same bytes for the same seed and others for another", async () => {
    const [one, again, other] = await Promise.all([
      generateSet({ seed: 5 }),
      generateSet({ seed: 5 }),
      generateSet({ seed: 6 }),
    ]);
    expect(again.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(
      one.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
    expect(other.some(({ bytes }, index) => Buffer.from(bytes).equals(Buffer.from(one[index]?.bytes ?? [])))).toBe(
      false,
    );
  });

  it("cover each scenario and stay small", async () => {
    const set = await generateSet({ seed: 3, count: scenarios.length * 2 });
    expect(new Set(set.map(({ scenario }) => scenario)).size).toBe(scenarios.length);
    expect(Math.max(...set.map(({ bytes }) => bytes.length))).toBeLessThan(20_000);
  });
});

it("the generator shares nothing with the code it tests but the list of sanctioned names", async () => {
  const files = (await readdir(import.meta.dirname)).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  const imports = await Promise.all(
    files.map(async (file) =>
      [...(await readFile(join(import.meta.dirname, file), "utf8")).matchAll(/from "(\.\.[^"]+)"/g)].map(
        ([, path]) => path,
      ),
    ),
  );
  expect(imports.flat()).toEqual(["../src/domain/sanctions-list.ts"]);
});

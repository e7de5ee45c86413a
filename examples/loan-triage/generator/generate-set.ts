import { drawScenario } from "./draw-scenario.ts";
import type { Expected } from "./expected-outcome.ts";
import { createRandom, type Random } from "./random.ts";
import { scenarios } from "./scenarios.ts";
import { employmentMonthsOf, nameOf, type Truth } from "./truth.ts";
import { writeJson } from "./write-json.ts";
import { writeLetter } from "./write-letter.ts";
import { cutOff, writePdf } from "./write-pdf.ts";
import { writeStatement } from "./write-statement.ts";

export interface GeneratedApplication {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly scenario: string;
  readonly truth: Truth;
  readonly expected: Expected;
}

const endings = { pdf: "pdf", letter: "txt", statement: "csv", json: "json" } as const;

/** One application a scenario, in turn; the same seed and count give the same bytes. */
export async function generateSet({
  seed,
  count = scenarios.length,
}: {
  seed: number;
  count?: number;
}): Promise<GeneratedApplication[]> {
  const random = createRandom(seed);
  const set: GeneratedApplication[] = [];
  for (let index = 0; index < count; index += 1) {
    const scenario = scenarios[index % scenarios.length];
    if (!scenario) throw new Error("There are no scenarios");
    const { truth, expected } = drawScenario(scenario, random);
    const fileName = `application-${String(index + 1).padStart(3, "0")}.${endings[truth.format]}`;
    set.push({ fileName, bytes: await writeDocument(truth, random), scenario: scenario.name, truth, expected });
  }
  return set;
}

/** What stands in `expected/<file>.json`: the outcome, and the facts it follows from. */
export function expectedFile({ scenario, truth, expected }: GeneratedApplication): string {
  const facts = {
    fullName: nameOf(truth),
    dateOfBirth: truth.dateOfBirth,
    country: truth.country,
    applicationDate: truth.applicationDate,
    requestedAmountCents: truth.amountCents,
    currency: truth.currency,
    termMonths: truth.termMonths,
    monthlyIncomeCents: truth.incomeCents,
    monthlyObligationsCents: truth.obligationsCents,
    monthlyHousingCents: truth.housingCents ?? null,
    employmentMonths: employmentMonthsOf(truth),
    omitted: truth.omitted ?? null,
    damage: truth.damage ?? null,
  };
  return `${JSON.stringify({ scenario, ...expected, facts }, null, 2)}\n`;
}

async function writeDocument(truth: Truth, random: Random): Promise<Uint8Array> {
  if (truth.damage === "cut-off") return cutOff(await writePdf(truth, random), random);
  if (truth.damage === "noise") return noise(truth, random);
  switch (truth.format) {
    case "pdf":
      return writePdf(truth, random);
    case "letter":
      return writeLetter(truth, random);
    case "statement":
      return writeStatement(truth, random);
    case "json":
      return writeJson(truth, random);
  }
}

/** Half a JSON object, or bytes that are nothing at all. */
function noise(truth: Truth, random: Random): Uint8Array {
  if (truth.format === "json") return writeJson(truth, random).slice(0, random.integer(80, 200));
  return Uint8Array.from({ length: random.integer(300, 1_500) }, () => random.integer(0, 255));
}

import { describe, expect, it } from "vitest";
import { type ApplicationFields, type Extraction, type Facts, factsOf, type Problem } from "./application.ts";
import { checkCompliance } from "./compliance.ts";
import { decide, settleByPerson } from "./decision.ts";
import { writeLetter } from "./letter.ts";
import { policy } from "./policy.ts";
import { assessRisk, monthlyPayment } from "./risk.ts";
import type { ScreeningOutcome } from "./screening.ts";

const good: Facts = {
  fullName: "Anna Smith",
  dateOfBirth: "1980-05-01",
  identityNumber: "1234567889",
  country: "IE",
  applicationDate: "2026-09-01",
  requestedAmountCents: 1_000_000,
  termMonths: 48,
  monthlyIncomeCents: 300_000,
  monthlyObligationsCents: 10_000,
  monthlyHousingCents: 70_000,
  employmentMonths: 60,
};
const clear: ScreeningOutcome = { status: "answered", source: "test", answer: { match: false, score: 0.2 } };

function triage(
  changes: { [F in keyof Facts]?: Facts[F] | undefined } = {},
  options: { problems?: Problem[]; screening?: ScreeningOutcome } = {},
) {
  const facts = Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined);
  const application = Object.fromEntries(
    facts.map(([field, value]) => [field, { value, evidence: [] }]),
  ) as ApplicationFields;
  const extraction: Extraction = { kind: "text", application, problems: options.problems ?? [] };
  const risk = assessRisk(factsOf(application));
  const compliance = checkCompliance(application, options.screening ?? clear, { receivedOn: "2026-09-02" });
  const decision = decide({ extraction, risk, compliance });
  const letter = writeLetter({ facts: factsOf(application), decision, risk, reference: "A-1", date: "2026-09-03" });
  return {
    decision,
    risk,
    compliance,
    letter,
    summary: [decision.outcome, ...decision.reasons.map(({ code }) => code)].join(" "),
  };
}

describe("the score", () => {
  it("follows the published formula", () => {
    // 10,000 over 48 months at 7.9 %: 243.66. Left: 3,000 - 100 - 700 - 850 = 1,350, so 18.0 % of it; debts 11.5 %; loan 27.8 %
    // of a year: 15 x (1.5 - 0.2778) / 1.25 = 14.67. 35 + 25 + 14.67 + 15 + 6 = 95.67.
    const { risk } = triage();
    expect(monthlyPayment(1_000_000, 48)).toBe(24_366);
    expect(risk).toMatchObject({ score: 96, disposableCents: 135_000, affordable: true });
    expect(risk.factors.map(({ points }) => points)).toEqual([35, 25, 14.7, 15, 6]);
    expect(Object.values(policy.weights).reduce((sum, weight) => sum + weight, 0)).toBe(100);
  });

  it("assumes housing costs where none are stated and says so", () => {
    expect(triage({ monthlyHousingCents: undefined }).risk.assumptions).toEqual([
      "No housing costs are stated; €750.00 a month is assumed",
    ]);
    expect(triage({ monthlyHousingCents: 0 }).risk.assumptions).toEqual([]);
  });

  it("is null while a fact is missing, and low but finite without income", () => {
    expect(triage({ monthlyIncomeCents: undefined }).risk.score).toBeNull();
    expect(triage({ monthlyIncomeCents: 0 }).risk).toMatchObject({ score: 21, affordable: false });
  });
});

describe("the decision", () => {
  it.each([
    ["approve score-sufficient", {}],
    [
      "decline score-too-low",
      { requestedAmountCents: 2_900_000, employmentMonths: 3, termMonths: 36, monthlyIncomeCents: 310_000 },
    ],
    ["decline not-affordable", { monthlyIncomeCents: 160_000 }],
    ["decline under-age", { dateOfBirth: "2008-09-02" }],
    ["decline country-not-served", { country: "US" }],
    ["decline amount-above-maximum", { requestedAmountCents: 7_500_001, monthlyIncomeCents: 900_000, termMonths: 96 }],
    ["decline amount-below-minimum", { requestedAmountCents: 99_999 }],
    ["decline term-outside-range", { termMonths: 97 }],
    ["decline term-outside-range", { termMonths: 0 }],
    ["refer large-amount", { requestedAmountCents: 5_000_001, monthlyIncomeCents: 900_000, termMonths: 96 }],
    ["refer age-at-end", { dateOfBirth: "1950-09-01" }],
    ["refer source-of-funds", { monthlyCashDepositsCents: 60_001 }],
    ["approve score-sufficient", { monthlyCashDepositsCents: 60_000 }],
    ["refer politically-exposed", { politicallyExposed: true }],
    ["refer purpose-needs-review", { purpose: "Crypto trading" }],
    ["request-information identity-number-invalid", { identityNumber: "1234567888" }],
    ["request-information statement-too-short", { statementMonths: 2 }],
    [
      "request-information missing-income missing-obligations",
      { monthlyIncomeCents: undefined, monthlyObligationsCents: undefined },
    ],
    ["request-information missing-name", { fullName: undefined }],
  ] as const)("%s", (summary, changes) => expect(triage(changes).summary).toBe(summary));

  it("does not rely on facts of a contradictory document, not even to decline", () => {
    const problems: Problem[] = [
      { code: "contradiction", field: "monthlyIncomeCents", message: "two incomes", evidence: [] },
    ];
    expect(triage({ country: "US", monthlyIncomeCents: undefined }, { problems }).summary).toBe(
      "refer contradictory-income",
    );
  });

  it("leaves to a person what screening leaves open", () => {
    const match = { match: true, score: 1, list: "L", entry: "Anna Smith" };
    const answered = (answer: typeof match & { dateOfBirthMatches?: boolean }): ScreeningOutcome => ({
      status: "answered",
      source: "test",
      answer,
    });
    expect(triage({}, { screening: answered({ ...match, dateOfBirthMatches: true }) }).summary).toBe(
      "decline sanctions-match",
    );
    expect(triage({}, { screening: answered({ ...match, dateOfBirthMatches: false }) }).summary).toBe(
      "refer possible-sanctions-match",
    );
    expect(triage({}, { screening: answered(match) }).summary).toBe("refer possible-sanctions-match");
    expect(triage({}, { screening: { status: "unavailable", reason: "down" } }).summary).toBe(
      "refer screening-unavailable",
    );
  });

  it("a person settles what was referred and the reasons stay", () => {
    const settled = settleByPerson(triage({ politicallyExposed: true }).decision, {
      choice: "approve",
      by: "Mia",
      comment: "Checked with the branch",
    });
    expect(settled).toMatchObject({ outcome: "approve", decidedBy: "Mia" });
    expect(settled.reasons.map(({ code }) => code)).toEqual(["decided-by-person", "politically-exposed"]);
  });
});

describe("the letter", () => {
  it("says what an approval costs", () => {
    const { letter } = triage();
    expect(letter.subject).toBe("Your loan is approved");
    expect(letter.body).toContain("Dear Anna Smith,");
    expect(letter.body).toContain("€243.66 a month over 48 months");
    expect(letter.body.startsWith("3 September 2026\n")).toBe(true);
  });

  it("lists what is missing", () => {
    const { letter } = triage({ monthlyIncomeCents: undefined, employmentMonths: undefined, identityNumber: "1" });
    expect(letter.body).toContain(
      "- your net monthly income\n- how long you have been in your present employment\n- your identity number once more",
    );
  });

  it("explains a decline by its weakest factors", () => {
    const { letter } = triage({
      requestedAmountCents: 2_900_000,
      employmentMonths: 3,
      termMonths: 36,
      monthlyIncomeCents: 310_000,
    });
    expect(letter.body).toContain("- Employed for 3 months.");
  });

  it("never hints at sanctions, exposure or suspicion", () => {
    const screening: ScreeningOutcome = {
      status: "answered",
      source: "test",
      answer: { match: true, score: 1, list: "EX", entry: "E", dateOfBirthMatches: true },
    };
    for (const { letter } of [
      triage({}, { screening }),
      triage({ politicallyExposed: true }),
      triage({ monthlyCashDepositsCents: 200_000 }),
    ]) {
      expect(letter.body).not.toMatch(/sanction|list|exposed|office|cash|funds|match/i);
    }
  });
});

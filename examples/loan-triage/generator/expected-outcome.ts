import { employmentMonthsOf, fullMonths, type Truth } from "./truth.ts";

export interface Expected {
  decision: "approve" | "decline" | "refer" | "request-information";
  /** Codes of the reasons that settle it, sorted. */
  reasons: string[];
  /** Null where the facts do not allow one. */
  score: number | null;
}

/** The published rules (README) applied to what was drawn. Written from the README and sharing no code with `src/`: a test
 *  sees to it. If the two disagree, one of them has misread the README. */
export function expectedOutcome(truth: Truth): Expected {
  const statement = truth.format === "statement";
  const say = (decision: Expected["decision"], reasons: string[]): Expected => ({
    decision,
    reasons: reasons.sort(),
    score,
  });
  const incomeKnown = truth.omitted !== "income" && truth.contradiction?.kind !== "income";
  const needed =
    truth.damage === undefined &&
    truth.currency === "EUR" &&
    incomeKnown &&
    !["amount", "obligations", "term"].includes(truth.omitted ?? "");
  const { score, affordable } = needed ? scoreOf(truth) : { score: null, affordable: true };

  if (truth.damage !== undefined) return say("refer", ["document-unreadable"]);
  if (truth.contradiction) return say("refer", [`contradictory-${truth.contradiction.kind}`]);

  const age = Math.floor(fullMonths(truth.dateOfBirth, truth.applicationDate) / 12);
  const declines: string[] = [];
  if (age < 18) declines.push("under-age");
  if (
    truth.omitted !== "country" &&
    !["AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PT"].includes(truth.country)
  )
    declines.push("country-not-served");
  if (truth.omitted !== "amount" && truth.currency === "EUR") {
    if (truth.amountCents < 100_000) declines.push("amount-below-minimum");
    if (truth.amountCents > 7_500_000) declines.push("amount-above-maximum");
  }
  if (truth.omitted !== "term" && (truth.termMonths < 6 || truth.termMonths > 96)) declines.push("term-outside-range");
  if (truth.sanctions === "listed") declines.push("sanctions-match");
  if (!affordable) declines.push("not-affordable");
  if (declines.length > 0) return say("decline", declines);

  const refers: string[] = [];
  if (
    Math.floor(
      (fullMonths(truth.dateOfBirth, truth.applicationDate) + (truth.omitted === "term" ? 0 : truth.termMonths)) / 12,
    ) > 75
  )
    refers.push("age-at-end");
  if (truth.omitted !== "amount" && truth.currency === "EUR" && truth.amountCents > 5_000_000)
    refers.push("large-amount");
  if (statement && incomeKnown && truth.cashDepositsCents > truth.incomeCents * 0.2) refers.push("source-of-funds");
  if (truth.politicallyExposed) refers.push("politically-exposed");
  if (/casino|bitcoin|crypto/.test(truth.purpose)) refers.push("purpose-needs-review");
  if (truth.sanctions === "namesake") refers.push("possible-sanctions-match");
  if (truth.currency !== "EUR" && truth.omitted !== "amount") refers.push("currency-not-supported");
  if (truth.instructions) refers.push("instructions-to-software");
  if (refers.length > 0) return say("refer", refers);

  const requests: string[] = [];
  if (truth.omitted) requests.push(`missing-${truth.omitted}`);
  if (truth.omitted !== "identity" && BigInt(truth.identityNumber) % 97n !== 1n)
    requests.push("identity-number-invalid");
  if (statement && truth.statementMonths < 3) requests.push("statement-too-short");
  if (requests.length > 0) return say("request-information", requests);

  if (score === null) throw new Error("A complete application has a score");
  if (score >= 65) return say("approve", ["score-sufficient"]);
  return score < 50 ? say("decline", ["score-too-low"]) : say("refer", ["score-borderline"]);
}

function scoreOf(truth: Truth): { score: number; affordable: boolean } {
  const income = truth.incomeCents;
  const monthlyRate = 0.079 / 12;
  const growth = Math.pow(1 + monthlyRate, truth.termMonths);
  const payment = Math.round((truth.amountCents * monthlyRate * growth) / (growth - 1));
  const housing = truth.housingCents ?? Math.round(income / 4);
  const left = income - truth.obligationsCents - housing - 85_000;
  const between = (value: number, best: number, worst: number) =>
    value <= best ? 1 : value >= worst ? 0 : (worst - value) / (worst - best);
  const affordability = left <= 0 ? 0 : between(payment / left, 0.25, 1);
  const debt = between((truth.obligationsCents + payment) / income, 0.2, 0.5);
  const loan = between(truth.amountCents / income / 12, 0.25, 1.5);
  const employment = Math.min(employmentMonthsOf(truth), 36) / 36;
  const account = truth.format === "statement" ? Math.max(0, 10 - 3 * truth.overdraftMonths) : 6;
  return {
    score: Math.round(35 * affordability + 25 * debt + 15 * loan + 15 * employment + account),
    affordable: payment <= left,
  };
}

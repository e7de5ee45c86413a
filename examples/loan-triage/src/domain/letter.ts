import { z } from "zod";
import type { Facts } from "./application.ts";
import { longDate } from "./calendar-date.ts";
import type { Decision, Reason } from "./decision.ts";
import { fieldNames } from "./field-names.ts";
import { formatEuro } from "./money.ts";
import type { RiskAssessment } from "./risk.ts";

export const Letter = z.object({ addressee: z.string(), subject: z.string(), body: z.string() });
export type Letter = z.infer<typeof Letter>;

export interface LetterInput {
  readonly facts: Facts;
  readonly decision: Decision;
  readonly risk: RiskAssessment;
  readonly reference: string;
  /** ISO. */
  readonly date: string;
}

/** What a reason says to the applicant. Absent on purpose: everything about sanctions, exposure and source of funds, which
 *  must not be told (telling a suspect is an offence in most places); such letters stay general. */
const plainReasons: Readonly<Record<string, string>> = {
  "under-age": "A loan can only be given to an adult.",
  "country-not-served": "We do not lend to residents of the country you named.",
  "amount-below-minimum": "The amount is below the smallest loan we offer.",
  "amount-above-maximum": "The amount is above the largest loan we offer.",
  "term-outside-range": "We do not offer the repayment period you asked for.",
  "not-affordable": "The monthly payment would be more than you have left over each month.",
  "score-too-low": "Measured by our published formula, the loan would weigh too heavily on your income.",
  "identity-number-invalid": "your identity number once more: the one we have contains a mistake",
  "statement-too-short": "a bank statement of at least three months",
};

/** One of four letters. Reasons for a decline name the weakest factors of the score, so that the applicant can act on them. */
export function writeLetter({ facts, decision, risk, reference, date }: LetterInput): Letter {
  const addressee = facts.fullName ?? "Applicant";
  const amount = facts.requestedAmountCents === undefined ? "" : ` for ${formatEuro(facts.requestedAmountCents)}`;
  const { subject, paragraphs } = content(decision, facts, risk, amount);
  const body = [
    longDate(date),
    `Reference: ${reference}`,
    `Dear ${addressee},`,
    ...paragraphs,
    "Yours sincerely,\nThe lending team",
  ].join("\n\n");
  return { addressee, subject, body: `${body}\n` };
}

function content(
  decision: Decision,
  facts: Facts,
  risk: RiskAssessment,
  amount: string,
): { subject: string; paragraphs: string[] } {
  switch (decision.outcome) {
    case "approve": {
      const payment =
        risk.monthlyPaymentCents === null
          ? ""
          : ` You would repay ${formatEuro(risk.monthlyPaymentCents)} a month over ${facts.termMonths} months.`;
      const strong = risk.factors
        .filter(({ points, weight }) => points >= weight / 2)
        .map(({ reason }) => `- ${reason}`);
      const why = strong.length > 0 ? [`What spoke for your application:\n${strong.join("\n")}`] : [];
      return {
        subject: "Your loan is approved",
        paragraphs: [
          `We are pleased to approve your application${amount}.${payment}`,
          ...why,
          "The contract follows; nothing is binding before you sign it.",
        ],
      };
    }
    case "decline": {
      const told = tellable(decision.reasons).map((reason) => `- ${reason}`);
      const weak = decision.reasons.some(({ code }) => code === "score-too-low" || code === "not-affordable")
        ? weakest(risk)
        : [];
      const reasons = [...told, ...weak];
      const why = reasons.length > 0 ? [`The reasons:\n${reasons.join("\n")}`] : [];
      return {
        subject: "Your loan application",
        paragraphs: [
          `We have considered your application${amount} and are unable to offer you a loan.`,
          ...why,
          "If you believe that we have something wrong, please write to us; a person will look at it again.",
        ],
      };
    }
    case "request-information": {
      const items = decision.reasons.flatMap(({ code }) => missingItem(code)).map((item) => `- ${item}`);
      return {
        subject: "We need a little more from you",
        paragraphs: [
          `Thank you for your application${amount}. Before we can decide, please send us:`,
          items.length > 0 ? items.join("\n") : "- what our colleague will ask you for by telephone",
          "Your application keeps its place; we continue as soon as your answer arrives.",
        ],
      };
    }
    case "refer": {
      const unread = decision.reasons.some(({ code }) => code === "document-unreadable");
      const first = unread
        ? "We have received your document but could not open it."
        : `Thank you for your application${amount}.`;
      return {
        subject: "We are looking at your application",
        paragraphs: [
          first,
          "A colleague is looking at it in person and will write to you. You need not do anything until then.",
        ],
      };
    }
  }
}

function tellable(reasons: readonly Reason[]): string[] {
  return reasons.flatMap(({ code }) => plainReasons[code] ?? []);
}

function weakest(risk: RiskAssessment): string[] {
  return risk.factors
    .filter(({ points, weight }) => points < weight / 2)
    .sort((a, b) => a.points / a.weight - b.points / b.weight)
    .slice(0, 3)
    .map(({ reason }) => `- ${reason}.`);
}

function missingItem(code: string): string[] {
  const field = Object.values(fieldNames).findLast((name) => code === `missing-${name.code}`);
  const item = field?.plain ?? plainReasons[code];
  return item ? [item] : [];
}

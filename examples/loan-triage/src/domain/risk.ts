import { z } from "zod";
import type { Facts } from "./application.ts";
import { formatEuro } from "./money.ts";
import { policy } from "./policy.ts";

export const RiskFactor = z.object({
  code: z.enum(["affordability", "debt-to-income", "loan-to-income", "employment", "account-conduct"]),
  points: z.number(),
  weight: z.number(),
  reason: z.string(),
});
export type RiskFactor = z.infer<typeof RiskFactor>;

/** `score` is 0 to 100, null while a needed fact is missing. `affordable` is whether the payment fits what is left over. */
export const RiskAssessment = z.object({
  score: z.int().nullable(),
  monthlyPaymentCents: z.int().nullable(),
  disposableCents: z.int().nullable(),
  affordable: z.boolean().nullable(),
  factors: z.array(RiskFactor),
  assumptions: z.array(z.string()),
});
export type RiskAssessment = z.infer<typeof RiskAssessment>;

/** The published formula (README, "The score"). Pure: the same facts always give the same score. */
export function assessRisk(facts: Facts): RiskAssessment {
  const {
    requestedAmountCents: amount,
    termMonths: term,
    monthlyIncomeCents: income,
    monthlyObligationsCents: obligations,
    employmentMonths,
  } = facts;
  const payment = amount === undefined || !term ? null : monthlyPayment(amount, term);
  if (
    amount === undefined ||
    payment === null ||
    income === undefined ||
    obligations === undefined ||
    employmentMonths === undefined
  ) {
    return {
      score: null,
      monthlyPaymentCents: payment,
      disposableCents: null,
      affordable: null,
      factors: [],
      assumptions: [],
    };
  }
  const assumptions: string[] = [];
  const housing = facts.monthlyHousingCents ?? Math.round(income * policy.assumedHousingShare);
  if (facts.monthlyHousingCents === undefined)
    assumptions.push(`No housing costs are stated; ${formatEuro(housing)} a month is assumed`);
  const disposable = income - obligations - housing - policy.livingAllowanceCents;
  const { weights, bands } = policy;
  const share = disposable > 0 ? payment / disposable : Number.POSITIVE_INFINITY;
  const debt = income > 0 ? (obligations + payment) / income : Number.POSITIVE_INFINITY;
  const loan = income > 0 ? amount / (income * 12) : Number.POSITIVE_INFINITY;
  const { overdraftMonths } = facts;
  const factors: RiskFactor[] = [
    {
      code: "affordability",
      weight: weights.affordability,
      points: weights.affordability * earned(share, bands.affordability),
      reason:
        disposable > 0
          ? `The monthly payment of ${formatEuro(payment)} takes ${percent(share)} of the ${formatEuro(disposable)} left over each month`
          : `Nothing is left over each month for a payment of ${formatEuro(payment)}`,
    },
    {
      code: "debt-to-income",
      weight: weights.debtToIncome,
      points: weights.debtToIncome * earned(debt, bands.debtToIncome),
      reason: `Loan payments, this one included, would be ${percent(debt)} of income`,
    },
    {
      code: "loan-to-income",
      weight: weights.loanToIncome,
      points: weights.loanToIncome * earned(loan, bands.loanToIncome),
      reason: `The loan is ${percent(loan)} of a year's income`,
    },
    {
      code: "employment",
      weight: weights.employment,
      points: weights.employment * earned(employmentMonths, bands.employment),
      reason: `Employed for ${employmentMonths} months`,
    },
    {
      code: "account-conduct",
      weight: weights.accountConduct,
      points:
        overdraftMonths === undefined
          ? policy.unknownAccountPoints
          : Math.max(0, weights.accountConduct - policy.overdraftPenalty * overdraftMonths),
      reason:
        overdraftMonths === undefined
          ? "No bank statement was seen"
          : `Overdrawn in ${overdraftMonths} months of the statement`,
    },
  ];
  return {
    score: Math.round(factors.reduce((sum, { points }) => sum + points, 0)),
    monthlyPaymentCents: payment,
    disposableCents: disposable,
    affordable: payment <= disposable,
    factors: factors.map((factor) => ({ ...factor, points: Math.round(factor.points * 10) / 10 })),
    assumptions,
  };
}

/** Annuity: equal payments at the end of each month, rounded to a cent. */
export function monthlyPayment(amountCents: number, termMonths: number): number {
  const rate = policy.annualRate / 12;
  return Math.round((amountCents * rate) / (1 - (1 + rate) ** -termMonths));
}

/** 1 at `full` and beyond, 0 at `none` and beyond, linear between; works in both directions. */
function earned(value: number, { full, none }: { full: number; none: number }): number {
  return Math.min(1, Math.max(0, (value - none) / (full - none)));
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "more than all";
}

/** Document forms the generator can write. */
export type Format = "pdf" | "letter" | "statement" | "json";

export type Omission = "income" | "amount" | "identity" | "obligations" | "term" | "country" | "name";

/** What is true of one invented applicant, drawn before any document is written. Cents; ISO dates. */
export interface Truth {
  fullName: { given: string; family: string };
  dateOfBirth: string;
  /** Ten digits, not necessarily valid. */
  identityNumber: string;
  country: string;
  applicationDate: string;
  amountCents: number;
  currency: "EUR" | "USD" | "GBP";
  termMonths: number;
  purpose: string;
  incomeCents: number;
  obligationsCents: number;
  /** Undefined: the document is silent about it. */
  housingCents: number | undefined;
  /** Always the first of a month, so that every way of writing it says the same. */
  employedSince: string;
  /** Only a statement shows these three. */
  overdraftMonths: number;
  cashDepositsCents: number;
  statementMonths: number;
  politicallyExposed: boolean;
  sanctions: "none" | "namesake" | "listed";
  omitted: Omission | undefined;
  /** A second, different statement of the same thing. */
  contradiction: { kind: "income"; otherCents: number } | { kind: "age"; statedAge: number } | undefined;
  /** Stated beside the date of birth, truthfully. */
  statedAge: number | undefined;
  instructions: boolean;
  damage: "cut-off" | "noise" | undefined;
  format: Format;
}

/** ISO arithmetic of the generator's own, so that no reading error can hide behind shared code. */
export function fullMonths(from: string, to: string): number {
  const [fromYear = 0, fromMonth = 0, fromDay = 0] = from.split("-").map(Number);
  const [toYear = 0, toMonth = 0, toDay = 0] = to.split("-").map(Number);
  return toYear * 12 + toMonth - fromYear * 12 - fromMonth - (toDay < fromDay ? 1 : 0);
}

export function employmentMonthsOf(truth: Truth): number {
  return fullMonths(truth.employedSince, truth.applicationDate);
}

export function nameOf({ fullName }: Truth): string {
  return `${fullName.given} ${fullName.family}`;
}

import type { Random } from "./random.ts";
import { employmentMonthsOf, nameOf, type Omission, type Truth } from "./truth.ts";
import { drawStyle, type WritingStyle } from "./writing-style.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

/** Data as another system would send it: nested, flat with snake_case, or flat with texts as people type them. */
export function writeJson(truth: Truth, random: Random): Uint8Array {
  const style = drawStyle(random);
  const variant = random.pick([nested, snakeCase, typed, withLists]);
  return new TextEncoder().encode(`${JSON.stringify(variant(truth, style, random), null, random.pick([2, 4]))}\n`);
}

const keep = <T>(truth: Truth, omission: Omission, value: T): T | undefined =>
  truth.omitted === omission ? undefined : value;
const statedAge = (truth: Truth) =>
  truth.contradiction?.kind === "age" ? truth.contradiction.statedAge : truth.statedAge;
const otherIncome = (truth: Truth) =>
  truth.contradiction?.kind === "income" ? truth.contradiction.otherCents / 100 : undefined;

function nested(truth: Truth): Json {
  return {
    application: { id: "A-1", date: truth.applicationDate },
    applicant: {
      name: keep(truth, "name", { first: truth.fullName.given, last: truth.fullName.family }),
      dateOfBirth: truth.dateOfBirth,
      age: statedAge(truth),
      identityNumber: keep(truth, "identity", truth.identityNumber),
      address: { city: "Springfield", country: keep(truth, "country", truth.country) },
      politicallyExposed: truth.politicallyExposed,
    },
    employment: {
      since: truth.employedSince,
      monthlyNetIncome: keep(truth, "income", truth.incomeCents / 100),
      income: { declaredMonthly: otherIncome(truth) },
    },
    expenses: {
      housing: amount(truth.housingCents),
      existingLoans: keep(truth, "obligations", truth.obligationsCents / 100),
    },
    loan: {
      amount: keep(truth, "amount", { value: truth.amountCents / 100, currency: truth.currency }),
      termMonths: keep(truth, "term", truth.termMonths),
      purpose: truth.purpose,
    },
  };
}

function snakeCase(truth: Truth): Json {
  return {
    full_name: keep(truth, "name", nameOf(truth)),
    date_of_birth: truth.dateOfBirth,
    age: statedAge(truth),
    id_number: keep(truth, "identity", truth.identityNumber),
    country_of_residence: keep(truth, "country", truth.country),
    application_date: truth.applicationDate,
    currency: truth.currency,
    loan_amount_cents: keep(truth, "amount", truth.amountCents),
    term_years: keep(truth, "term", truth.termMonths / 12),
    loan_purpose: truth.purpose,
    net_income_cents: keep(truth, "income", truth.incomeCents),
    salary: otherIncome(truth),
    monthly_obligations_cents: keep(truth, "obligations", truth.obligationsCents),
    rent_cents: truth.housingCents,
    employment_months: employmentMonthsOf(truth),
    pep: truth.politicallyExposed,
  };
}

function typed(truth: Truth, style: WritingStyle): Json {
  const money = (cents: number) => style.money(cents, truth.currency);
  const other = truth.contradiction?.kind === "income" ? money(truth.contradiction.otherCents) : undefined;
  return {
    Date: style.date(truth.applicationDate),
    Name: keep(truth, "name", `${truth.fullName.family.toUpperCase()}, ${truth.fullName.given}`),
    Born: style.date(truth.dateOfBirth),
    Age: statedAge(truth),
    "Identity number": keep(truth, "identity", style.identity(truth.identityNumber)),
    Country: keep(truth, "country", style.country(truth.country)),
    "Amount requested": keep(truth, "amount", money(truth.amountCents)),
    Term: keep(truth, "term", `${truth.termMonths} months`),
    Purpose: truth.purpose,
    "Net salary": keep(truth, "income", `${money(truth.incomeCents)} per month`),
    "Monthly income": other,
    "Existing loans per month": keep(
      truth,
      "obligations",
      truth.obligationsCents === 0 ? "none" : money(truth.obligationsCents),
    ),
    Rent: truth.housingCents === undefined ? null : money(truth.housingCents),
    "Employed since": style.date(truth.employedSince),
    "Politically exposed": truth.politicallyExposed ? "yes" : "no",
  };
}

function withLists(truth: Truth, style: WritingStyle, random: Random): Json {
  const first = Math.floor(truth.obligationsCents / 300) * 100;
  const loans =
    truth.obligationsCents === 0
      ? []
      : [
          { lender: "Autobank", monthlyPayment: first / 100 },
          { lender: "Cardia", monthlyPayment: (truth.obligationsCents - first) / 100 },
        ];
  const obligations =
    loans.length === 0 || random.chance(0.5)
      ? { monthlyObligations: truth.obligationsCents / 100 }
      : { existingLoans: loans };
  return {
    submittedAt: `${truth.applicationDate}T09:30:00Z`,
    currency: truth.currency,
    person: {
      fullName: keep(truth, "name", nameOf(truth)),
      birthDate: truth.dateOfBirth,
      age: statedAge(truth),
      nationalId: keep(truth, "identity", style.identity(truth.identityNumber)),
      residence: keep(truth, "country", style.country(truth.country)),
      isPoliticallyExposed: truth.politicallyExposed,
    },
    request: {
      amount: keep(truth, "amount", truth.amountCents / 100),
      repaymentMonths: keep(truth, "term", truth.termMonths),
      purpose: truth.purpose,
    },
    finances: {
      income: keep(truth, "income", { net: truth.incomeCents / 100, period: "month" }),
      salaryNet: otherIncome(truth),
      rent: amount(truth.housingCents),
      ...(truth.omitted === "obligations" ? {} : obligations),
    },
    job: { since: truth.employedSince },
  };
}

function amount(cents: number | undefined): Json {
  return cents === undefined ? null : cents / 100;
}

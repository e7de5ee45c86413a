import { z } from "zod";
import { type ApplicationFields, Evidence, type Field, factsOf } from "./application.ts";
import { ageOn, monthsBetween } from "./calendar-date.ts";
import { countryName } from "./country.ts";
import { isValidIdentityNumber } from "./identity-number.ts";
import { formatEuro } from "./money.ts";
import { policy } from "./policy.ts";
import type { ScreeningOutcome } from "./screening.ts";

/** `pass`: looked at and fine. `not-checked`: the fact it needs is missing. The others are what the rule demands. */
export const CheckOutcome = z.enum(["pass", "not-checked", "decline", "refer", "request-information"]);
export type CheckOutcome = z.infer<typeof CheckOutcome>;

export const Check = z.object({
  /** Published number of the rule, `C1` to `C11`. */
  rule: z.string(),
  code: z.string(),
  outcome: CheckOutcome,
  message: z.string(),
  evidence: z.array(Evidence),
});
export type Check = z.infer<typeof Check>;

export const ComplianceReport = z.object({ checks: z.array(Check) });
export type ComplianceReport = z.infer<typeof ComplianceReport>;

const unfinanced = /\b(?:gambl\w*|casino|betting|crypto\w*|bitcoin|weapons?|firearms?)\b/i;

/** The published rules (README, "The rules"). `receivedOn` stands in for a missing application date; no screening outcome
 *  means nobody was asked, which is fine only while the name is missing. */
export function checkCompliance(
  application: ApplicationFields,
  screening: ScreeningOutcome | undefined,
  { receivedOn }: { receivedOn: string },
): ComplianceReport {
  const facts = factsOf(application);
  const date = facts.applicationDate ?? receivedOn;
  const {
    dateOfBirth,
    country,
    requestedAmountCents: amount,
    termMonths: term,
    identityNumber,
    monthlyIncomeCents: income,
    monthlyCashDepositsCents: cash,
    purpose,
  } = facts;
  const check = (
    rule: string,
    field: Field,
    code: string,
    outcome: CheckOutcome | undefined,
    message: string,
  ): Check => ({
    rule,
    code,
    outcome: application[field] ? (outcome ?? "pass") : "not-checked",
    message,
    evidence: application[field]?.evidence ?? [],
  });
  const age = dateOfBirth === undefined ? 0 : ageOn(dateOfBirth, date);
  const ageAtEnd = dateOfBirth === undefined ? 0 : Math.floor((monthsBetween(dateOfBirth, date) + (term ?? 0)) / 12);
  const cashShare = cash === undefined || !income ? 0 : cash / income;
  return {
    checks: [
      check(
        "C1",
        "dateOfBirth",
        "under-age",
        age < policy.adultAge ? "decline" : undefined,
        `The applicant is ${age}; ${policy.adultAge} is required`,
      ),
      check(
        "C2",
        "dateOfBirth",
        "age-at-end",
        ageAtEnd > policy.maximumAgeAtEnd ? "refer" : undefined,
        `The applicant would be ${ageAtEnd} at the end of the term; above ${policy.maximumAgeAtEnd} a person decides`,
      ),
      check(
        "C3",
        "country",
        "country-not-served",
        policy.servedCountries.every((code) => code !== country) ? "decline" : undefined,
        `Residence is ${countryName(country ?? "")}`,
      ),
      check(
        "C4",
        "requestedAmountCents",
        amountCode(amount),
        amountOutcome(amount),
        `${formatEuro(amount ?? 0)} is asked for; ${formatEuro(policy.minimumAmountCents)} to ${formatEuro(policy.maximumAmountCents)} is lent, above ${formatEuro(policy.largeAmountCents)} by a person`,
      ),
      check(
        "C5",
        "termMonths",
        "term-outside-range",
        (term ?? 0) < policy.minimumTermMonths || (term ?? 0) > policy.maximumTermMonths ? "decline" : undefined,
        `A term of ${term} months; ${policy.minimumTermMonths} to ${policy.maximumTermMonths} is possible`,
      ),
      check(
        "C6",
        "identityNumber",
        "identity-number-invalid",
        isValidIdentityNumber(identityNumber ?? "") ? undefined : "request-information",
        "The identity number's check digits must fit",
      ),
      check(
        "C7",
        "monthlyCashDepositsCents",
        "source-of-funds",
        cashShare > policy.cashShareLimit ? "refer" : undefined,
        `Cash of ${formatEuro(cash ?? 0)} a month is paid in, ${Math.round(cashShare * 100)} % of income`,
      ),
      check(
        "C8",
        "politicallyExposed",
        "politically-exposed",
        facts.politicallyExposed ? "refer" : undefined,
        "Whether the applicant holds a public office",
      ),
      check(
        "C9",
        "purpose",
        "purpose-needs-review",
        unfinanced.test(purpose ?? "") ? "refer" : undefined,
        `The purpose is "${purpose}"`,
      ),
      check(
        "C10",
        "statementMonths",
        "statement-too-short",
        (facts.statementMonths ?? 0) < policy.minimumStatementMonths ? "request-information" : undefined,
        `The statement covers ${facts.statementMonths} months; ${policy.minimumStatementMonths} are needed`,
      ),
      screeningCheck(application, screening),
    ],
  };
}

function amountCode(amount = 0): string {
  if (amount < policy.minimumAmountCents) return "amount-below-minimum";
  return amount > policy.maximumAmountCents ? "amount-above-maximum" : "large-amount";
}

function amountOutcome(amount = 0): CheckOutcome | undefined {
  if (amount < policy.minimumAmountCents || amount > policy.maximumAmountCents) return "decline";
  return amount > policy.largeAmountCents ? "refer" : undefined;
}

function screeningCheck(application: ApplicationFields, screening: ScreeningOutcome | undefined): Check {
  const evidence = application.fullName?.evidence ?? [];
  const check = (code: string, outcome: CheckOutcome, message: string): Check => ({
    rule: "C11",
    code,
    outcome,
    message,
    evidence,
  });
  if (!application.fullName) return check("sanctions", "not-checked", "There is no name to screen");
  if (!screening) return check("screening-unavailable", "refer", "The name has not been screened");
  if (screening.status === "unavailable")
    return check("screening-unavailable", "refer", `Screening could not be done: ${screening.reason}`);
  const { answer, source } = screening;
  if (!answer.match) return check("sanctions", "pass", `No sanctions list has this name (${source})`);
  const entry = `${answer.entry ?? "an entry"} on ${answer.list ?? "a list"} (likeness ${answer.score}, ${source})`;
  return answer.dateOfBirthMatches === true
    ? check("sanctions-match", "decline", `Name and date of birth match ${entry}`)
    : check("possible-sanctions-match", "refer", `The name resembles ${entry}, the date of birth does not confirm it`);
}

import type { Field } from "./application.ts";

/** `code` ends reason codes (`missing-income`); `plain` is what a letter calls the field. */
export const fieldNames: Readonly<Record<Field, { code: string; plain: string }>> = {
  fullName: { code: "name", plain: "your full name" },
  dateOfBirth: { code: "date-of-birth", plain: "your date of birth" },
  statedAge: { code: "age", plain: "your age" },
  identityNumber: { code: "identity", plain: "your identity number" },
  country: { code: "country", plain: "your country of residence" },
  applicationDate: { code: "application-date", plain: "the date of your application" },
  requestedAmountCents: { code: "amount", plain: "the amount you would like to borrow, in euro" },
  termMonths: { code: "term", plain: "the number of months over which you would like to repay" },
  purpose: { code: "purpose", plain: "the purpose of the loan" },
  monthlyIncomeCents: { code: "income", plain: "your net monthly income" },
  monthlyObligationsCents: { code: "obligations", plain: "what you pay each month for existing loans (0 if none)" },
  monthlyHousingCents: { code: "housing", plain: "your monthly rent or mortgage payment" },
  employedSince: { code: "employment", plain: "the date your present employment began" },
  employmentMonths: { code: "employment", plain: "how long you have been in your present employment" },
  monthlyCashDepositsCents: { code: "cash-deposits", plain: "the cash you pay into your account" },
  overdraftMonths: { code: "overdrafts", plain: "the overdrafts on your account" },
  statementMonths: { code: "statement", plain: "your bank statement" },
  politicallyExposed: { code: "political-exposure", plain: "whether you hold a public office" },
};

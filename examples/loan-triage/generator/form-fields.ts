import type { Random } from "./random.ts";
import { nameOf, type Omission, type Truth } from "./truth.ts";
import { type WritingStyle, writeEmployment } from "./writing-style.ts";

export interface FormField {
  label: string;
  value: string;
}

/** A form of labelled values: what printed forms, fillable forms, labelled letters and statement heads have in common.
 *  `about` says which part: a statement states no income itself, its transactions do. */
export function formFields(
  truth: Truth,
  style: WritingStyle,
  random: Random,
  about: "everything" | "statement-head" = "everything",
): FormField[] {
  const fields: FormField[] = [];
  const add = (value: string, labels: readonly string[], omission?: Omission) => {
    if (omission === undefined || truth.omitted !== omission) fields.push({ label: random.pick(labels), value });
  };
  const { currency } = truth;
  add(style.date(truth.applicationDate), ["Date of application", "Application date", "Date", "Submitted on"]);
  const { given, family } = truth.fullName;
  if (random.chance(0.3) && truth.omitted !== "name") {
    add(given, ["First name", "Given name"]);
    add(family, ["Last name", "Family name", "Surname"]);
  } else
    add(
      random.chance(0.3) ? `${family.toUpperCase()}, ${given}` : nameOf(truth),
      about === "everything"
        ? ["Full name", "Name of applicant", "Applicant", "Name"]
        : ["Account holder", "Name", "Holder"],
      "name",
    );
  add(style.date(truth.dateOfBirth), ["Date of birth", "Born", "Birth date", "DOB"]);
  const age = truth.contradiction?.kind === "age" ? truth.contradiction.statedAge : truth.statedAge;
  if (age !== undefined) add(String(age), ["Age", "Age in years", "Current age"]);
  add(
    style.identity(truth.identityNumber),
    ["Identity number", "National ID number", "Identity card no.", "Personal identification number", "ID number"],
    "identity",
  );
  add(style.country(truth.country), ["Country of residence", "Country", "Resident in", "Residence"], "country");
  add(
    style.money(truth.amountCents, currency),
    ["Requested amount", "Loan amount", "Amount requested", "Amount of loan", "Sum requested"],
    "amount",
  );
  if (random.chance(0.3))
    add(String(truth.termMonths), ["Term (months)", "Term in months", "Number of instalments"], "term");
  else add(`${truth.termMonths} months`, ["Term", "Repayment period", "Duration", "Loan term"], "term");
  add(truth.purpose, ["Purpose", "Purpose of the loan", "Intended use", "Reason for loan"]);
  if (about === "everything") addIncome();
  else if (truth.contradiction?.kind === "income")
    add(style.money(truth.contradiction.otherCents), ["Declared net monthly income"]);
  const employment = writeEmployment(truth, style, random);
  if ("since" in employment)
    add(employment.since, [
      "Employed since",
      "With current employer since",
      "Start of employment",
      "In present job since",
    ]);
  else add(employment.span, ["Time in present job", "Length of employment", "Employment duration"]);
  if (about === "everything" && truth.politicallyExposed)
    add(random.pick(["yes", "Yes", "Y"]), ["Politically exposed person", "Holder of a public office"]);
  else if (about === "everything" && random.chance(0.4)) add("no", ["Politically exposed person", "PEP"]);
  return fields;

  function addIncome(): void {
    const { contradiction } = truth;
    if (random.chance(0.2) && truth.incomeCents % 100 === 0)
      add(style.money(truth.incomeCents * 12, currency), ["Annual net income", "Net income per year"], "income");
    else
      add(
        style.money(truth.incomeCents, currency),
        ["Net monthly income", "Monthly net salary", "Monthly take-home pay", "Income per month (net)"],
        "income",
      );
    if (contradiction?.kind === "income")
      add(style.money(contradiction.otherCents, currency), ["Monthly earnings after tax", "Salary paid each month"]);
    add(
      truth.obligationsCents === 0 && random.chance(0.5) ? "none" : style.money(truth.obligationsCents, currency),
      ["Existing loan payments", "Monthly obligations", "Other loans (monthly)", "Monthly debt payments"],
      "obligations",
    );
    if (truth.housingCents !== undefined)
      add(style.money(truth.housingCents, currency), ["Rent", "Monthly rent", "Housing costs", "Rent or mortgage"]);
  }
}

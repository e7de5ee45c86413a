import { z } from "zod";

export const IsoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const Cents = z.int().nonnegative();

/** Where a value was read. Pages and lines count from 1; formats without pages are one page. */
export const Evidence = z.object({ page: z.int().min(1), line: z.int().min(1), text: z.string() });
export type Evidence = z.infer<typeof Evidence>;

/** What an application states, normalised: EUR in integer cents, ISO dates, ISO 3166 alpha-2 countries. */
export const factShapes = {
  fullName: z.string().min(1),
  dateOfBirth: IsoDate,
  statedAge: z.int().nonnegative(),
  identityNumber: z.string().min(1),
  country: z.string().length(2),
  applicationDate: IsoDate,
  requestedAmountCents: Cents,
  termMonths: z.int().nonnegative(),
  purpose: z.string().min(1),
  monthlyIncomeCents: Cents,
  monthlyObligationsCents: Cents,
  monthlyHousingCents: Cents,
  employedSince: IsoDate,
  employmentMonths: z.int().nonnegative(),
  monthlyCashDepositsCents: Cents,
  /** Months of a bank statement in which the balance was below zero. */
  overdraftMonths: z.int().nonnegative(),
  statementMonths: z.int().nonnegative(),
  politicallyExposed: z.boolean(),
};
export type Field = keyof typeof factShapes;

export const Facts = z.object(factShapes).partial();
export type Facts = z.infer<typeof Facts>;
export type FactValues = Required<{ [F in Field]: z.infer<(typeof factShapes)[F]> }>;

const found = <T extends z.ZodType>(value: T) => z.object({ value, evidence: z.array(Evidence) }).optional();

/** The same fields, each with the places it was read from. */
export const ApplicationFields = z.object({
  fullName: found(factShapes.fullName),
  dateOfBirth: found(factShapes.dateOfBirth),
  statedAge: found(factShapes.statedAge),
  identityNumber: found(factShapes.identityNumber),
  country: found(factShapes.country),
  applicationDate: found(factShapes.applicationDate),
  requestedAmountCents: found(factShapes.requestedAmountCents),
  termMonths: found(factShapes.termMonths),
  purpose: found(factShapes.purpose),
  monthlyIncomeCents: found(factShapes.monthlyIncomeCents),
  monthlyObligationsCents: found(factShapes.monthlyObligationsCents),
  monthlyHousingCents: found(factShapes.monthlyHousingCents),
  employedSince: found(factShapes.employedSince),
  employmentMonths: found(factShapes.employmentMonths),
  monthlyCashDepositsCents: found(factShapes.monthlyCashDepositsCents),
  overdraftMonths: found(factShapes.overdraftMonths),
  statementMonths: found(factShapes.statementMonths),
  politicallyExposed: found(factShapes.politicallyExposed),
});
export type ApplicationFields = z.infer<typeof ApplicationFields>;

export const ProblemCode = z.enum([
  "document-unreadable",
  "no-application-found",
  "several-applications",
  "contradiction",
  "currency-not-supported",
  "instructions-to-software",
  "gross-income",
  "value-unreadable",
]);
export type ProblemCode = z.infer<typeof ProblemCode>;

export const Problem = z.object({
  code: ProblemCode,
  field: z.enum(Object.keys(factShapes) as [Field, ...Field[]]).optional(),
  message: z.string(),
  evidence: z.array(Evidence),
});
export type Problem = z.infer<typeof Problem>;

export const DocumentKind = z.enum(["pdf", "json", "csv", "text", "unknown"]);
export type DocumentKind = z.infer<typeof DocumentKind>;

export const Extraction = z.object({
  kind: DocumentKind,
  application: ApplicationFields,
  problems: z.array(Problem),
});
export type Extraction = z.infer<typeof Extraction>;

/** What must be known before rules can decide. */
export const requiredFields = [
  "fullName",
  "dateOfBirth",
  "identityNumber",
  "country",
  "requestedAmountCents",
  "termMonths",
  "monthlyIncomeCents",
  "monthlyObligationsCents",
  "employmentMonths",
] as const satisfies readonly Field[];

/** Drops the evidence. */
export function factsOf(application: ApplicationFields): Facts {
  return Facts.parse(
    Object.fromEntries(Object.entries(application).flatMap(([field, entry]) => (entry ? [[field, entry.value]] : []))),
  );
}

/** What the agents send each other. No agent imports another; this is all they have in common. */
import { z } from "zod";
import { ApplicationFields, Facts, IsoDate } from "./application.ts";
import { Decision, Outcome } from "./decision.ts";
import { RiskAssessment } from "./risk.ts";

const HttpUrl = z.url({ protocol: /^https?$/, error: "expected an http:// or https:// address" });

/** A file's name, never a path: letters are named after it. */
export const ApplicationName = z
  .string()
  .min(1)
  .max(255)
  .refine(
    (name) => !/[/\\\0]/.test(name) && name !== "." && name !== "..",
    "expected the name of a file, without a path",
  );

export const TriageRequest = z.strictObject({
  /** Folder with one application a file. */
  directory: z.string().min(1),
  /** Where the letters go. Default: next to `directory`, its name with "-letters" added. */
  outDirectory: z.string().min(1).optional(),
  /** When the applications arrived. Default: today. */
  receivedOn: IsoDate.optional(),
  /** Another screening service than the one in the manifest. */
  screeningUrl: HttpUrl.optional(),
});

export const TriagedApplication = z.object({
  application: ApplicationName,
  applicant: z.string().optional(),
  decision: Outcome,
  reason: z.string(),
  /** Path of the letter; absent when it could not be written, which `reason` then says. */
  letter: z.string().optional(),
});
export type TriagedApplication = z.infer<typeof TriagedApplication>;

export const TriageReport = z.object({
  decisions: z.array(TriagedApplication),
  lettersDirectory: z.string(),
  /** Applications that a person is asked about; each is a task of loan-application. */
  waiting: z.array(ApplicationName),
});

export const ExtractionRequest = z.object({ path: z.string().min(1), receivedOn: IsoDate });

export const RiskRequest = z.object({ facts: Facts });

export const ComplianceRequest = z.object({
  application: ApplicationFields,
  receivedOn: IsoDate,
  screeningUrl: HttpUrl.optional(),
});

export const AssessmentRequest = z.object({
  /** Absolute: the agent may run elsewhere. Letters are named after the file. */
  path: z.string().min(1),
  receivedOn: IsoDate,
  screeningUrl: HttpUrl.optional(),
});

/** A decision with what the letter and the person's question need of it. */
export const Finding = z.object({ facts: Facts, risk: RiskAssessment, decision: Decision });
export type Finding = z.infer<typeof Finding>;

export const ApplicationRequest = AssessmentRequest.extend({
  /** Where the letter goes; absolute. */
  outDirectory: z.string().min(1),
  /** When it is assessed already. Default: it is assessed first. */
  finding: Finding.optional(),
});
export type ApplicationRequest = z.infer<typeof ApplicationRequest>;

export const LetterRequest = Finding.extend({
  application: ApplicationName,
  /** Absolute: the agent may run elsewhere. */
  outDirectory: z.string().min(1),
  date: IsoDate,
  /** `final` is the letter after a person's verdict; it does not replace the first one. */
  stage: z.enum(["first", "final"]),
});
export const LetterReceipt = z.object({ path: z.string() });
export type LetterReceipt = z.infer<typeof LetterReceipt>;

export const SettledApplication = z.object({ application: ApplicationName, decision: Decision, letter: z.string() });

import { z } from "zod";
import { Evidence, type Extraction, type Problem, requiredFields } from "./application.ts";
import type { ComplianceReport } from "./compliance.ts";
import { fieldNames } from "./field-names.ts";
import { policy } from "./policy.ts";
import type { RiskAssessment } from "./risk.ts";

/** `refer`: rules cannot settle it, a person does. `request-information`: the applicant is asked, then it comes again. */
export const Outcome = z.enum(["approve", "decline", "refer", "request-information"]);
export type Outcome = z.infer<typeof Outcome>;

export const Reason = z.object({ code: z.string(), message: z.string(), evidence: z.array(Evidence) });
export type Reason = z.infer<typeof Reason>;

/** `reasons` are those that settled it, not everything that was noticed. */
export const Decision = z.object({
  outcome: Outcome,
  reasons: z.array(Reason).min(1),
  score: z.int().nullable(),
  decidedBy: z.string(),
});
export type Decision = z.infer<typeof Decision>;

/** Combines all findings; the first line that applies decides (README, "How it is decided"):
 *  D1 unreadable or contradictory -> refer: nothing below can rely on the facts;
 *  D2 a rule that no further word could change, or an unaffordable payment -> decline;
 *  D3 a rule that needs a person -> refer;
 *  D4 facts missing or invalid -> request-information;
 *  D5 the score -> approve, refer or decline. */
export function decide({
  extraction,
  risk,
  compliance,
}: {
  extraction: Extraction;
  risk: RiskAssessment;
  compliance: ComplianceReport;
}): Decision {
  const settle = (outcome: Outcome, reasons: readonly Reason[]): Decision => ({
    outcome,
    reasons: [...reasons],
    score: risk.score,
    decidedBy: "rules",
  });
  const demanded = (outcome: string) =>
    compliance.checks
      .filter((check) => check.outcome === outcome)
      .map(({ code, message, evidence }) => ({ code, message, evidence }));
  const { problems, application } = extraction;

  const unreliable = problems
    .filter(({ code }) =>
      ["document-unreadable", "no-application-found", "several-applications", "contradiction"].includes(code),
    )
    .map(problemReason);
  if (unreliable.length > 0) return settle("refer", distinct(unreliable));

  const knockouts = demanded("decline");
  if (risk.affordable === false)
    knockouts.push({
      code: "not-affordable",
      message: "The monthly payment is more than what is left over each month",
      evidence: application.monthlyIncomeCents?.evidence ?? [],
    });
  if (knockouts.length > 0) return settle("decline", distinct(knockouts));

  const forPerson = [
    ...demanded("refer"),
    ...problems
      .filter(({ code }) => code === "currency-not-supported" || code === "instructions-to-software")
      .map(problemReason),
  ];
  if (forPerson.length > 0) return settle("refer", distinct(forPerson));

  const missing = requiredFields
    .filter((field) => !application[field])
    .map((field) => {
      const why = problems.find((problem) => problem.field === field);
      return {
        code: `missing-${fieldNames[field].code}`,
        message: why?.message ?? `The application does not state ${fieldNames[field].plain}`,
        evidence: why?.evidence ?? [],
      };
    });
  const open = [...missing, ...demanded("request-information")];
  if (open.length > 0) return settle("request-information", distinct(open));

  const score = risk.score ?? 0;
  const explained = (code: string): Reason[] => [
    {
      code,
      message: `The score is ${score} of 100. ${risk.factors.map(({ reason, points, weight }) => `${reason} (${points} of ${weight})`).join("; ")}`,
      evidence: [],
    },
  ];
  if (score >= policy.approveFrom) return settle("approve", explained("score-sufficient"));
  return score < policy.declineBelow
    ? settle("decline", explained("score-too-low"))
    : settle("refer", explained("score-borderline"));
}

/** When a part of the work could not be done, no rule may decide on what is left. */
export function referUndone(code: string, message: string): Decision {
  return { outcome: "refer", reasons: [{ code, message, evidence: [] }], score: null, decidedBy: "rules" };
}

/** A line for a list: what settled it, without the sums behind it. */
export function summarise({ reasons }: Decision): string {
  const line = reasons.map(({ message }) => message.replace(/\. .*$/s, "")).join("; ");
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

/** What a person may decide about a referred application. Referring again is not among the answers. */
export const verdicts = ["approve", "decline", "request-information"] as const;

export function settleByPerson(
  referred: Decision,
  { choice, by, comment }: { readonly choice: string; readonly by: string; readonly comment: string | undefined },
): Decision {
  const reason = { code: "decided-by-person", message: comment || `Decided by ${by}`, evidence: [] };
  const outcome = z.enum(verdicts).parse(choice);
  return { ...referred, outcome, reasons: [reason, ...referred.reasons], decidedBy: by };
}

function problemReason({ code, field, message, evidence }: Problem): Reason {
  return {
    code: code === "contradiction" && field ? `contradictory-${fieldNames[field].code}` : code,
    message,
    evidence,
  };
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.toReversed().map((reason) => [reason.code, reason])).values()].toReversed();
}

import type { Context } from "agentcore";
import { Extraction, type Facts, factsOf } from "../../domain/application.ts";
import { ComplianceReport, checkCompliance } from "../../domain/compliance.ts";
import { type Decision, decide, referUndone } from "../../domain/decision.ts";
import { unreadable } from "../../domain/read-document.ts";
import { assessRisk, RiskAssessment } from "../../domain/risk.ts";
import { answerOr } from "./answer-or.ts";
import type { TriageRun } from "./triage-run.ts";

/** A decision with what the letter and the person's question need of it. */
export interface Finding {
  readonly facts: Facts;
  readonly risk: RiskAssessment;
  readonly decision: Decision;
}

/** Reads, scores and checks one application and decides it. An agent that fails leads to a person, never to a guess. */
export async function findOut(
  ctx: Context,
  path: string,
  key: string,
  { receivedOn, screeningUrl }: TriageRun,
): Promise<Finding> {
  const extraction = await answerOr(
    ctx,
    Extraction,
    ctx.command({ capability: "document-extraction" }, { path, receivedOn }, { key }),
    (why) => unreadable(`It could not be read: ${why}`),
  );
  const { application } = extraction;
  const facts = factsOf(application);
  const [risk, compliance] = await Promise.all([
    answerOr(ctx, RiskAssessment, ctx.command({ capability: "risk-assessment" }, { facts }, { key }), (why) => ({
      why,
    })),
    answerOr(
      ctx,
      ComplianceReport,
      ctx.command(
        { capability: "compliance-check" },
        { application, receivedOn, ...(screeningUrl !== undefined && { screeningUrl }) },
        { key },
      ),
      // The rules that need nobody else are known; that nobody could screen is a reason of its own among them.
      (reason) => checkCompliance(application, { status: "unavailable", reason }, { receivedOn }),
    ),
  ]);
  if ("why" in risk) {
    return {
      facts,
      risk: assessRisk({}),
      decision: referUndone("risk-unavailable", `The risk could not be assessed: ${risk.why}`),
    };
  }
  return { facts, risk, decision: decide({ extraction, risk, compliance }) };
}

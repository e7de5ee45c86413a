import { workflow } from "agentcore";
import { AssessmentRequest, type Finding } from "../domain/agent-messages.ts";
import { type ApplicationFields, Extraction, type Facts, factsOf } from "../domain/application.ts";
import { ComplianceReport, checkCompliance } from "../domain/compliance.ts";
import { decide, referUndone } from "../domain/decision.ts";
import { unreadable } from "../domain/read-document.ts";
import { assessRisk, RiskAssessment } from "../domain/risk.ts";

/** What the rules say of one application. An agent that fails leads to a person, never to a guess. */
export const loanAssessment = workflow({
  name: "loan-assessment",
  description: "Reads, scores and checks one loan application and says what the rules decide",
  skills: [{ id: "loan-assessment", name: "Loan assessment", tags: ["loan"] }],
})
  .input(AssessmentRequest)
  .then<Extraction, "read">(
    { capability: "document-extraction" },
    {
      as: "read",
      input: ({ input: { path, receivedOn } }) => ({ path, receivedOn }),
      catch: (path) =>
        path.step("unreadable", (why: string) => unreadable(`It could not be read: ${why}`), {
          input: ({ errors }) => errors["read"]?.message ?? "",
        }),
    },
  )
  .step("facts", (read) => {
    const extraction = Extraction.parse(read);
    return { extraction, facts: factsOf(extraction.application) };
  })
  .parallel("findings", {
    risk: (path) =>
      path.then<RiskAssessment | { readonly why: string }, "score">(
        { capability: "risk-assessment" },
        {
          as: "score",
          input: ({ nodes }) => ({ facts: nodes.facts.facts }),
          catch: (way) =>
            way.step("no-score", (why: string) => ({ why }), { input: ({ errors }) => errors["score"]?.message ?? "" }),
        },
      ),
    compliance: (path) =>
      path.then<ComplianceReport, "check">(
        { capability: "compliance-check" },
        {
          as: "check",
          input: ({ input: { receivedOn, screeningUrl }, nodes }) => ({
            application: nodes.facts.extraction.application,
            receivedOn,
            ...(screeningUrl !== undefined && { screeningUrl }),
          }),
          // The rules that need nobody else are known; that nobody could screen is a reason of its own among them.
          catch: (way) =>
            way.step(
              "own-check",
              ({ application, receivedOn, reason }: Unchecked) =>
                checkCompliance(application, { status: "unavailable", reason }, { receivedOn }),
              {
                input: ({ input, nodes, errors }) => ({
                  application: nodes.facts.extraction.application,
                  receivedOn: input.receivedOn,
                  reason: errors["check"]?.message ?? "",
                }),
              },
            ),
        },
      ),
  })
  .step("decide", decideOn, { input: ({ nodes }) => ({ ...nodes.facts, ...nodes.findings }) })
  .build();

interface Unchecked {
  readonly application: ApplicationFields;
  readonly receivedOn: string;
  readonly reason: string;
}

interface Findings {
  readonly extraction: Extraction;
  readonly facts: Facts;
  readonly risk: RiskAssessment | { readonly why: string };
  readonly compliance: ComplianceReport;
}

function decideOn({ extraction, facts, risk, compliance }: Findings): Finding {
  if ("why" in risk)
    return {
      facts,
      risk: assessRisk({}),
      decision: referUndone("risk-unavailable", `The risk could not be assessed: ${risk.why}`),
    };
  // They may come from anybody who has the skill.
  const scored = RiskAssessment.parse(risk);
  const checked = ComplianceReport.parse(compliance);
  return { facts, risk: scored, decision: decide({ extraction, risk: scored, compliance: checked }) };
}

import { agent } from "agentcore";
import { RiskRequest } from "../domain/agent-messages.ts";
import { assessRisk, RiskAssessment } from "../domain/risk.ts";

export const riskAssessor = agent({
  name: "risk-assessor",
  description: "Scores how well an applicant can carry a loan, by a published formula, with reasons",
  skills: [{ id: "risk-assessment", name: "Risk assessment", tags: ["loan", "risk"] }],
  input: RiskRequest,
  output: RiskAssessment,
  idempotent: true,
  run: ({ input: { facts } }) => assessRisk(facts),
});

import { agent } from "agentcore";
import { ComplianceRequest } from "../domain/agent-messages.ts";
import { ComplianceReport, checkCompliance } from "../domain/compliance.ts";
import { screenAgainstList } from "../domain/screen-against-list.ts";
import { screeningRequestOf } from "../domain/triage-document.ts";

export const complianceBackup = agent({
  name: "compliance-backup",
  description: "Checks an application against the published rules and a local copy of the sanctions list",
  skills: [{ id: "compliance-check", name: "Compliance check", tags: ["loan", "compliance", "sanctions"] }],
  input: ComplianceRequest,
  output: ComplianceReport,
  idempotent: true,
  run({ input: { application, receivedOn } }) {
    const request = screeningRequestOf(application);
    const screening = request && {
      status: "answered" as const,
      source: "local copy of the list",
      answer: screenAgainstList(request),
    };
    return checkCompliance(application, screening, { receivedOn });
  },
});

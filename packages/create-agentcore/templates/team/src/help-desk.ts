import { handoff } from "agentcore/patterns";

/** One at a time has the question, and hands it over with what was said, until one answers. */
export const helpDesk = handoff({
  name: "help-desk",
  description: "Answers what customers ask",
  members: [{ agent: "triage" }, { agent: "billing" }, { agent: "technician" }],
  routes: { triage: ["billing", "technician"], billing: ["technician"], technician: ["billing"] },
});

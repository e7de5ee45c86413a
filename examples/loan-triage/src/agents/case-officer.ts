import { agent } from "agentcore";
import { CaseRequest, LetterReceipt, SettledCase } from "../domain/agent-messages.ts";
import { isoDay } from "../domain/calendar-date.ts";
import { PersonVerdict, settleByPerson } from "../domain/decision.ts";

/** One task for each application that rules could not settle. It waits as input-required, for days if need be, and holds
 *  nothing in memory meanwhile. */
export const caseOfficer = agent({
  name: "case-officer",
  description: "Puts an application that rules cannot settle before a person, then has the final letter written",
  skills: [{ id: "case-review", name: "Case review", tags: ["loan", "person"] }],
  input: CaseRequest,
  output: SettledCase,
  async run({ id, input }, ctx) {
    const { application, facts, risk, decision, outDirectory } = input;
    const verdict = await ctx.waitForInput({
      prompt: [
        `${application}: ${facts.fullName ?? "applicant unknown"}. Approve, decline or ask for information?`,
        ...decision.reasons.map(({ message }) => `- ${message}`),
        `Answer: agentcore send ${id} '{"outcome":"approve","by":"your name","note":"why"}'`,
        "outcome: approve, decline or request-information",
      ].join("\n"),
      data: { application, facts, risk, decision },
      schema: PersonVerdict,
    });
    const settled = settleByPerson(decision, verdict);
    const letter = LetterReceipt.parse(
      await ctx.command(
        { capability: "letter-writing" },
        { application, facts, risk, decision: settled, outDirectory, date: isoDay(ctx.now()), stage: "final" },
      ),
    );
    return { application, decision: settled, letter: letter.path };
  },
});

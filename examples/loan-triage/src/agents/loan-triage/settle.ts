import type { Context } from "agentcore";
import { LetterReceipt, type TriagedApplication } from "../../domain/agent-messages.ts";
import { summarise } from "../../domain/decision.ts";
import { answerOr, messageOf } from "./answer-or.ts";
import type { Finding } from "./find-out.ts";
import type { TriageRun } from "./triage-run.ts";

/** Has the letter written and, where rules end, a person asked. */
export async function settle(
  ctx: Context,
  application: string,
  key: string,
  { facts, risk, decision }: Finding,
  { outDirectory, receivedOn }: TriageRun,
): Promise<{ triaged: TriagedApplication; waits: boolean }> {
  const payload = { application, facts, risk, decision, outDirectory };
  const refers = decision.outcome === "refer";
  let notAsked: string | undefined;
  // Detached and not awaited: the case stays open for as long as the person needs, this run ends without it. Started
  // before the letter is awaited, so that it is on its way when the run ends.
  if (refers)
    ctx.command({ agent: "case-officer" }, payload, { key, detached: true }).catch((error: unknown) => {
      notAsked = messageOf(error);
    });
  const letter = await answerOr(
    ctx,
    LetterReceipt,
    ctx.command({ capability: "letter-writing" }, { ...payload, date: receivedOn, stage: "first" }, { key }),
    (why) => ({ why }),
  );
  const waits = refers && notAsked === undefined;
  const reason = [
    waits ? `waits for a person: ${summarise(decision)}` : summarise(decision),
    ...(notAsked === undefined ? [] : [`no person could be asked: ${notAsked}`]),
    ...("why" in letter ? [`the letter could not be written: ${letter.why}`] : []),
  ].join("; ");
  return {
    triaged: {
      application,
      ...(facts.fullName !== undefined && { applicant: facts.fullName }),
      decision: decision.outcome,
      reason,
      ...("path" in letter && { letter: letter.path }),
    },
    waits,
  };
}

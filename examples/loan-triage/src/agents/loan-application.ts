import { basename } from "node:path";
import { type Decision as Verdict, workflow } from "agentcore";
import { ApplicationRequest, Finding, type LetterReceipt } from "../domain/agent-messages.ts";
import { isoDay } from "../domain/calendar-date.ts";
import { type Decision, settleByPerson, verdicts } from "../domain/decision.ts";
import { formatEuro } from "../domain/money.ts";
import {
  type Reservation,
  type ReservationRequest,
  release,
  reservationsDirectoryOf,
  reserve,
} from "../domain/reservations.ts";

/**
 * One application up to its last letter: the amount is set aside, a person decides what rules leave open, for days if need be, and the
 * letter is written. Whatever ends without an approved loan (no from the person, a failure, a cancel) leaves nothing set aside.
 */
export const loanApplication = workflow({
  name: "loan-application",
  description:
    "Sees one loan application through: reserves the amount, asks a person where rules end, writes the letter",
  skills: [{ id: "loan-application", name: "Loan application", tags: ["loan", "person"] }],
})
  .input(ApplicationRequest)
  .decide("is-new", [
    {
      when: ({ input }) => input.finding === undefined,
      do: (path) =>
        path.then<Finding, "assessment">(
          { agent: "loan-assessment" },
          {
            as: "assessment",
            input: ({ input: { path: file, receivedOn, screeningUrl } }) => ({
              path: file,
              receivedOn,
              ...(screeningUrl !== undefined && { screeningUrl }),
            }),
          },
        ),
    },
  ])
  .step("finding", (finding: Finding | undefined) => Finding.parse(finding), {
    input: ({ input, nodes }) => input.finding ?? nodes.assessment,
  })
  .decide("may-be-granted", [
    {
      when: ({ previous: { decision, facts } }) =>
        (decision.outcome === "approve" || decision.outcome === "refer") && facts.requestedAmountCents !== undefined,
      do: (path) =>
        path.step("reserve", (wanted: ReservationRequest, { idempotencyKey }) => reserve(wanted, idempotencyKey), {
          input: ({ input, nodes }) => ({
            directory: reservationsDirectoryOf(input.outDirectory),
            application: basename(input.path),
            amountCents: nodes.finding.facts.requestedAmountCents ?? 0,
          }),
          undo: (reservation) => release(reservation),
        }),
    },
  ])
  .decide("is-open", [
    {
      when: ({ nodes }) => nodes.finding.decision.outcome === "refer",
      do: (path) =>
        path.approve("review", {
          prompt: ({ input, nodes: { finding } }) => {
            const { fullName = "applicant unknown", requestedAmountCents: amount } = finding.facts;
            const loan = amount === undefined ? "" : `, ${formatEuro(amount)}`;
            return [
              `${basename(input.path)}: ${fullName}${loan}. Approve, decline or ask for information?`,
              ...finding.decision.reasons.map(({ message }) => `- ${message}`),
            ].join("\n");
          },
          show: ({ input, nodes }) => ({ application: basename(input.path), ...nodes.finding }),
          choices: verdicts,
        }),
    },
  ])
  .step("settle", settle, {
    input: ({ nodes }) => ({ decision: nodes.finding.decision, review: nodes.review }),
  })
  .decide("was-refused", [
    {
      when: ({ nodes }) => nodes.reserve !== undefined && nodes.settle.decision.outcome !== "approve",
      do: (path) =>
        path.step("release", (reservation: Reservation | undefined) => reservation && release(reservation), {
          input: ({ nodes }) => nodes.reserve,
        }),
    },
  ])
  .then<LetterReceipt, "letter">(
    { capability: "letter-writing" },
    {
      as: "letter",
      input: ({ input, nodes: { finding, settle } }) => ({
        application: basename(input.path),
        facts: finding.facts,
        risk: finding.risk,
        decision: settle.decision,
        outDirectory: input.outDirectory,
        date: settle.day ?? input.receivedOn,
        stage: settle.day === null ? "first" : "final",
      }),
    },
  )
  .build(({ input, nodes }) => ({
    application: basename(input.path),
    decision: nodes.settle.decision,
    letter: nodes.letter.path,
    reservation: nodes.release ?? nodes.reserve ?? null,
  }));

function settle({ decision, review }: { decision: Decision; review?: Verdict | undefined }): {
  decision: Decision;
  day: string | null;
} {
  const [person] = review?.by ?? [];
  if (review === undefined || person === undefined) return { decision, day: null };
  const { caller, comment, at } = person;
  return { decision: settleByPerson(decision, { choice: review.choice, by: caller, comment }), day: isoDay(at) };
}

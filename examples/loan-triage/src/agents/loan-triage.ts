import { join, resolve } from "node:path";
import { agent, type Context, TerminalError } from "agentcore";
import type { z } from "zod";
import { ensureScreeningService } from "../../service/ensure-service.ts";
import { LetterReceipt, type TriagedApplication, TriageReport, TriageRequest } from "../domain/agent-messages.ts";
import { Extraction, type Facts, factsOf } from "../domain/application.ts";
import { lettersDirectoryOf, listApplications } from "../domain/application-folder.ts";
import { isoDay } from "../domain/calendar-date.ts";
import { ComplianceReport, checkCompliance } from "../domain/compliance.ts";
import { type Decision, decide, referUndone, summarise } from "../domain/decision.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { unreadable } from "../domain/read-document.ts";
import { assessRisk, RiskAssessment } from "../domain/risk.ts";
import { defaultScreeningUrl } from "../domain/screening-client.ts";

const applicationsAtOnce = 8;
/** A line of progress is an event in the log; a hundred are enough for any number of applications. */
const progressLines = 100;

/** What all applications of one run share. */
interface Run {
  readonly directory: string;
  readonly outDirectory: string;
  readonly receivedOn: string;
  readonly screeningUrl: string | undefined;
}

/** A decision with what the letter and the person's question need of it. */
interface Finding {
  readonly facts: Facts;
  readonly risk: RiskAssessment;
  readonly decision: Decision;
}

export const loanTriage = agent({
  name: "loan-triage",
  description:
    "Decides a folder of loan applications: reads, scores, checks, writes letters, asks a person where rules end",
  skills: [
    { id: "loan-triage", name: "Loan triage", tags: ["loan"], examples: ["The applications in ./data/applications"] },
  ],
  input: TriageRequest,
  output: TriageReport,
  async run({ input }, ctx) {
    const directory = resolve(input.directory);
    const run: Run = {
      directory,
      outDirectory: input.outDirectory === undefined ? lettersDirectoryOf(directory) : resolve(input.outDirectory),
      receivedOn: input.receivedOn ?? isoDay(ctx.now()),
      screeningUrl: input.screeningUrl,
    };
    const folder = await ctx.step("list-applications", () => listApplications(directory));
    if ("problem" in folder) throw new TerminalError(folder.problem, { code: "INVALID_ARGUMENT" });
    const { names } = folder;
    const screeningUrl = input.screeningUrl ?? ctx.env["SCREENING_URL"] ?? defaultScreeningUrl;
    const service = await ctx.step("screening-service", ({ signal }) => ensureScreeningService(screeningUrl, signal));
    if (service.state === "absent") ctx.log.warn("no screening service: the local list is used", { ...service });

    let done = 0;
    const decided = await inParallel(names, applicationsAtOnce, async (application, index) => {
      const finding = await findOut(ctx, join(directory, application), String(index), run);
      const result = await settle(ctx, application, String(index), finding, run);
      done += 1;
      if (done === names.length || done % Math.ceil(names.length / progressLines) === 0)
        await ctx.progress(`${done} of ${names.length} applications decided`, done / names.length);
      return { ...result, finding };
    });

    await ctx.artifact({
      name: "decisions.json",
      description: "Every decision with its reasons and the places they rest on",
      data: decided.map(({ triaged, finding }) => ({ ...triaged, ...finding })),
      mediaType: "application/json",
    });
    return {
      decisions: decided.map(({ triaged }) => triaged),
      lettersDirectory: run.outDirectory,
      waiting: decided.filter(({ waits }) => waits).map(({ triaged }) => triaged.application),
    };
  },
});

/** Reads, scores and checks one application and decides it. An agent that fails leads to a person, never to a guess. */
async function findOut(ctx: Context, path: string, key: string, { receivedOn, screeningUrl }: Run): Promise<Finding> {
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

/** Has the letter written and, where rules end, a person asked. */
async function settle(
  ctx: Context,
  application: string,
  key: string,
  { facts, risk, decision }: Finding,
  { outDirectory, receivedOn }: Run,
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

/** What was answered, or what stands in for it when nobody could. The end of this run itself is passed on. */
async function answerOr<Schema extends z.ZodType, Substitute>(
  ctx: Context,
  schema: Schema,
  answer: Promise<unknown>,
  substitute: (why: string) => Substitute,
): Promise<z.infer<Schema> | Substitute> {
  try {
    return schema.parse(await answer);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return substitute(messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

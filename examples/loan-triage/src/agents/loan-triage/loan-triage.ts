import { join, resolve } from "node:path";
import { agent, type Context, TerminalError } from "agentcore";
import { ensureScreeningService } from "../../../service/ensure-service.ts";
import {
  type ApplicationRequest,
  Finding,
  LetterReceipt,
  SettledApplication,
  type TriagedApplication,
  TriageReport,
  TriageRequest,
} from "../../domain/agent-messages.ts";
import { lettersDirectoryOf, listApplications } from "../../domain/application-folder.ts";
import { isoDay } from "../../domain/calendar-date.ts";
import { referUndone, summarise } from "../../domain/decision.ts";
import { inParallel } from "../../domain/in-parallel.ts";
import { assessRisk } from "../../domain/risk.ts";
import { defaultScreeningUrl } from "../../domain/screening-client.ts";
import { answerOr, messageOf } from "./answer-or.ts";

const applicationsAtOnce = 8;
/** A line of progress is an event in the log; a hundred are enough for any number of applications. */
const progressLines = 100;

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
    const outDirectory = input.outDirectory === undefined ? lettersDirectoryOf(directory) : resolve(input.outDirectory);
    const receivedOn = input.receivedOn ?? isoDay(ctx.now());
    const folder = await ctx.step("list-applications", () => listApplications(directory));
    if ("problem" in folder) throw new TerminalError(folder.problem, { code: "INVALID_ARGUMENT" });
    const { names } = folder;
    const screeningUrl = input.screeningUrl ?? ctx.env["SCREENING_URL"] ?? defaultScreeningUrl;
    const service = await ctx.step("screening-service", ({ signal }) => ensureScreeningService(screeningUrl, signal));
    if (service.state === "absent") ctx.log.warn("no screening service: the local list is used", { ...service });

    let done = 0;
    const decided = await inParallel(names, applicationsAtOnce, async (application, index) => {
      const result = await triageOne(ctx, application, String(index), {
        path: join(directory, application),
        outDirectory,
        receivedOn,
        ...(input.screeningUrl !== undefined && { screeningUrl: input.screeningUrl }),
      });
      done += 1;
      if (done === names.length || done % Math.ceil(names.length / progressLines) === 0)
        await ctx.progress(`${done} of ${names.length} applications decided`, done / names.length);
      return result;
    });

    await ctx.artifact({
      name: "decisions.json",
      description: "Every decision with its reasons and the places they rest on",
      data: decided.map(({ triaged, finding }) => ({ ...triaged, ...finding })),
      mediaType: "application/json",
    });
    return {
      decisions: decided.map(({ triaged }) => triaged),
      lettersDirectory: outDirectory,
      waiting: decided.filter(({ waits }) => waits).map(({ triaged }) => triaged.application),
    };
  },
});

interface Triaged {
  readonly triaged: TriagedApplication;
  readonly finding: Finding;
  readonly waits: boolean;
}

/** Has one application assessed and seen through. What waits for a person is on its own from there; this run ends without it. */
async function triageOne(
  ctx: Context,
  application: string,
  key: string,
  request: ApplicationRequest,
): Promise<Triaged> {
  const assessed = await answerOr(
    ctx,
    Finding,
    ctx.command({ agent: "loan-assessment" }, request, { key }),
    unassessed,
  );
  if (assessed.decision.outcome === "refer") return refer(ctx, application, key, request, assessed);
  const settled = await answerOr(
    ctx,
    SettledApplication,
    ctx.command({ agent: "loan-application" }, { ...request, finding: assessed }, { key }),
    (why) => ({ why }),
  );
  if ("why" in settled) {
    // Nothing is reserved for it and no letter is out, so it is not decided.
    const why = `It was to be decided ${assessed.decision.outcome} and could not be seen through: ${settled.why}`;
    return refer(ctx, application, `${key}-undone`, request, {
      ...assessed,
      decision: referUndone("not-seen-through", why),
    });
  }
  return {
    triaged: {
      ...lineOf(application, assessed),
      reason: summarise(assessed.decision),
      letter: settled.letter,
    },
    finding: assessed,
    waits: false,
  };
}

async function refer(
  ctx: Context,
  application: string,
  key: string,
  request: ApplicationRequest,
  finding: Finding,
): Promise<Triaged> {
  let notAsked: string | undefined;
  // Detached and not awaited: the case stays open for as long as the person needs. Started before the letter is awaited,
  // so that it is on its way when this run ends.
  ctx
    .command({ agent: "loan-application" }, { ...request, finding }, { key, detached: true })
    .catch((error: unknown) => {
      notAsked = messageOf(error);
    });
  const { outDirectory, receivedOn: date } = request;
  const letter = await answerOr(
    ctx,
    LetterReceipt,
    ctx.command(
      { capability: "letter-writing" },
      { application, ...finding, outDirectory, date, stage: "first" },
      { key },
    ),
    (why) => ({ why }),
  );
  const reason = [
    notAsked === undefined ? `waits for a person: ${summarise(finding.decision)}` : summarise(finding.decision),
    ...(notAsked === undefined ? [] : [`no person could be asked: ${notAsked}`]),
    ...("why" in letter ? [`the letter could not be written: ${letter.why}`] : []),
  ].join("; ");
  return {
    triaged: {
      ...lineOf(application, finding),
      reason,
      ...("path" in letter && { letter: letter.path }),
    },
    finding,
    waits: notAsked === undefined,
  };
}

function lineOf(
  application: string,
  { facts, decision }: Finding,
): Pick<TriagedApplication, "application" | "applicant" | "decision"> {
  return {
    application,
    ...(facts.fullName !== undefined && { applicant: facts.fullName }),
    decision: decision.outcome,
  };
}

function unassessed(why: string): Finding {
  return {
    facts: {},
    risk: assessRisk({}),
    decision: referUndone("assessment-unavailable", `It could not be assessed: ${why}`),
  };
}

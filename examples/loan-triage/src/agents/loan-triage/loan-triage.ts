import { join, resolve } from "node:path";
import { agent, TerminalError } from "agentcore";
import { ensureScreeningService } from "../../../service/ensure-service.ts";
import { TriageReport, TriageRequest } from "../../domain/agent-messages.ts";
import { lettersDirectoryOf, listApplications } from "../../domain/application-folder.ts";
import { isoDay } from "../../domain/calendar-date.ts";
import { inParallel } from "../../domain/in-parallel.ts";
import { defaultScreeningUrl } from "../../domain/screening-client.ts";
import { findOut } from "./find-out.ts";
import { settle } from "./settle.ts";
import type { TriageRun } from "./triage-run.ts";

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
    const run: TriageRun = {
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

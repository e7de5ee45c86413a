import { join } from "node:path";
import { documentTools } from "@agentcore/tools-documents";
import { agent, askFor, type Context, opening, PlatformError, type Tool } from "agentcore";
import { z } from "zod";
import { type Check, checkDraft } from "../domain/check-draft.ts";
import { DRAFT_RULES, Draft, draftRequest } from "../domain/draft.ts";
import { Evidence, type Passage } from "../domain/evidence.ts";
import { judgeRound, type Stop } from "../domain/judge-round.ts";
import { PLAN_RULE, Plan, type SubQuestion } from "../domain/plan.ts";
import { renderPassages, renderReport } from "../domain/render-report.ts";

const defaultFolder = join(import.meta.dirname, "../../documents");

/** Of each folder once: what they know of it is read when they are first called, and kept as long as the process lives. */
const opened = new Map<string, Library>();

interface Library {
  readonly search: Tool;
  readonly read: Tool;
}

const libraryOf = ({ env }: Context): Library => {
  const folder = env["RESEARCH_DOCUMENTS"] ?? defaultFolder;
  const known = opened.get(folder);
  if (known !== undefined) return known;
  const [search, read] = documentTools({ folder }) as readonly [Tool, Tool];
  const library = { search, read };
  opened.set(folder, library);
  return library;
};

const Report = z.object({
  /** passages: there was no model, so nothing was written. */
  kind: z.enum(["report", "passages"]),
  text: z.string(),
  score: z.number().optional(),
  rounds: z.int(),
  stopped: z.string(),
  leftOut: z.array(z.object({ text: z.string(), why: z.string() })),
  sources: z.array(z.string()),
});
type Report = z.infer<typeof Report>;

export const deepResearch = agent({
  name: "deep-research",
  description: "Answers a question from a folder of documents: plans, searches, drafts with sources, checks, and again",
  skills: [
    { id: "deep-research", tags: ["research", "documents"], examples: ["Why was the Nattergal out of service?"] },
  ],
  input: z.string().trim().min(3).max(2000),
  output: Report,
  idempotent: true,
  async run({ input: question }, ctx) {
    const report = await research(ctx, question);
    await ctx.artifact({ name: `${report.kind}.md`, text: report.text, mediaType: "text/markdown" });
    return report;
  },
});

const research = async (ctx: Context, question: string): Promise<Report> => {
  const evidence = new Evidence();
  const plan = await makePlan(ctx, question);
  if (plan === null) {
    await searchFor(ctx, evidence, [question]);
    const sources = evidence.all.map(({ source }) => source);
    return {
      kind: "passages",
      text: renderPassages(question, evidence.all),
      rounds: 0,
      stopped: "no-model",
      leftOut: [],
      sources,
    };
  }
  ctx.decide("plan", () => ({ choice: "made", reasons: plan.map(({ id, question: text }) => `${id}: ${text}`) }));
  await searchFor(
    ctx,
    evidence,
    plan.flatMap(({ queries }) => queries),
  );

  let best: Check | null = null;
  let problems: readonly string[] = [];
  for (let round = 1; ; round += 1) {
    const draft = await write(ctx, question, plan, evidence, problems);
    if (draft === null) {
      // Without any draft there is nothing to give.
      if (best === null) throw new PlatformError("BUDGET_EXCEEDED", "the budget was used up before there was a draft");
      return done("out-of-budget", best, round - 1);
    }
    const check = checkDraft(plan, draft, evidence);
    const { choice, reason } = judgeRound({ round, check, bestScore: best?.score ?? null });
    ctx.decide(`round ${round}`, () => ({ choice, reasons: [reason, ...check.problems] }));
    if (best === null || check.score > best.score) best = check;
    if (choice !== "go-on") return done(choice, best, round);
    await ctx.progress(`draft ${round} has a score of ${check.score.toFixed(2)}`);
    const added =
      (await searchFor(ctx, evidence, [...draft.lookFor, ...check.open.map(({ question: text }) => text)], round)) +
      (await readMore(ctx, evidence, check, round));
    if (added === 0 && check.unsound.length === 0) {
      ctx.decide("search", () => ({
        choice: "nothing-new",
        reasons: ["no search found a passage that was not there, and all that is said is sound"],
      }));
      return done("nothing-new", best, round);
    }
    problems = check.problems;
  }

  function done(stopped: Stop, check: Check, rounds: number): Report {
    const text = renderReport({ question, plan: plan as readonly SubQuestion[], check, evidence, rounds, stopped });
    const cited = [
      ...check.sound.flatMap(({ citations }) => citations),
      ...check.disagreements.flatMap(({ sides }) => sides),
    ];
    return {
      ...{ kind: "report", text, score: check.score, rounds, stopped, leftOut: [...check.unsound] },
      sources: [...new Set(cited.map(({ source }) => source))],
    };
  }
};

/** Null: there is no model to ask. */
const makePlan = async (ctx: Context, question: string): Promise<readonly SubQuestion[] | null> => {
  try {
    const messages = opening({ instructions: undefined, tools: [] }, question, { rules: [PLAN_RULE] });
    return (await askFor(ctx, messages, Plan, { name: "plan", model: modelOf(ctx) })).questions;
  } catch (error) {
    if (PlatformError.from(error).code === "MODEL_NOT_CONFIGURED") return null;
    throw error;
  }
};

/** Null: the budget does not reach for it. */
const write = async (
  ctx: Context,
  question: string,
  plan: readonly SubQuestion[],
  evidence: Evidence,
  problems: readonly string[],
): Promise<Draft | null> => {
  const request = draftRequest(question, plan, evidence, problems);
  const messages = opening({ instructions: undefined, tools: [] }, request, { rules: DRAFT_RULES });
  try {
    return await askFor(ctx, messages, Draft, { name: "draft", model: modelOf(ctx) });
  } catch (error) {
    if (PlatformError.from(error).code === "BUDGET_EXCEEDED") return null;
    throw error;
  }
};

/** That of the manifest; without one there the server that the environment names. */
const modelOf = ({ env }: Context): string | undefined =>
  env["AGENTCORE_MODEL_URL"] === undefined ? undefined : "openai-compatible";

interface Found {
  readonly passages: readonly Passage[];
}

/** How many passages are new. */
const searchFor = async (ctx: Context, evidence: Evidence, queries: readonly string[], round = 0): Promise<number> => {
  const found = await Promise.all(
    [...new Set(queries)].map(
      (query, index) =>
        ctx.tool(libraryOf(ctx).search, { query, limit: 6 }, { key: `${round}/${index + 1}` }) as Promise<Found>,
    ),
  );
  return found.reduce((added, { passages }) => added + evidence.add(passages), 0);
};

const SOURCE = /^(.+):(\d+)-(\d+)$/;
const AROUND = 20;

/** Of documents that an unsound statement leans on: what stands around the passages that are known of them. */
const readMore = async (ctx: Context, evidence: Evidence, { unsound }: Check, round: number): Promise<number> => {
  const named = evidence.all.filter(({ source }) => unsound.some(({ why }) => why.endsWith(`in ${source}`)));
  const wider = await Promise.all(
    named.map(async ({ source, heading }, index): Promise<Passage[]> => {
      const [, path, from, to] = SOURCE.exec(source) ?? [];
      if (path === undefined) return [];
      const fromLine = Math.max(1, Number(from) - AROUND);
      const lines = Number(to) + AROUND - fromLine + 1;
      const { text, toLine } = (await ctx.tool(
        libraryOf(ctx).read,
        { path, fromLine, lines },
        { key: `${round}/${index + 1}` },
      )) as {
        readonly text: string;
        readonly toLine: number;
      };
      return [{ source: `${path}:${fromLine}-${toLine}`, heading, text }];
    }),
  );
  return evidence.add(wider.flat());
};

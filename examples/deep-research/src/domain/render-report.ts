import type { Check } from "./check-draft.ts";
import type { Citation } from "./draft.ts";
import type { Evidence, Passage } from "./evidence.ts";
import type { Stop } from "./judge-round.ts";
import type { SubQuestion } from "./plan.ts";

export interface ReportFacts {
  readonly question: string;
  readonly plan: readonly SubQuestion[];
  readonly check: Check;
  readonly evidence: Evidence;
  readonly rounds: number;
  readonly stopped: Stop;
}

const WHY_STOPPED: Readonly<Record<Stop, string>> = {
  "good-enough": "it was good enough",
  "no-better": "the last draft was no better than the one before",
  "out-of-rounds": "there were no rounds left",
  "nothing-new": "searching found nothing new",
  "out-of-budget": "the budget was used up",
};

/** Markdown, of what was checked and of nothing else. */
export const renderReport = ({ question, plan, check, evidence, rounds, stopped }: ReportFacts): string => {
  const sources: string[] = [];
  const mark = (citations: readonly Citation[]): string =>
    [...new Set(citations.map(({ source }) => source))]
      .map((source) => {
        if (!sources.includes(source)) sources.push(source);
        return `[${sources.indexOf(source) + 1}]`;
      })
      .join("");
  const sections = plan.map(({ id, question: text }) => {
    const lines = [
      // A statement that answers two questions stands at the first.
      ...check.sound
        .filter(({ answers }) => answers[0] === id)
        .map((claim) => `- ${claim.text} ${mark(claim.citations)}`),
      ...check.disagreements
        .filter(({ answers }) => answers[0] === id)
        .map(
          ({ about, sides }) =>
            `- Sources disagree on ${about}: ${sides.map((side) => `${side.says} ${mark([side])}`).join("; ")}`,
        ),
    ];
    const elsewhere = [...check.sound, ...check.disagreements].some(({ answers }) => answers.includes(id));
    return `## ${text}\n\n${lines.join("\n") || (elsewhere ? "See above." : "The documents that were found do not say.")}`;
  });
  const suspicious = evidence.all.filter(({ suspicion }) => suspicion !== null);
  const notes = [
    `${rounds} ${rounds === 1 ? "round" : "rounds"}, score ${check.score.toFixed(2)}; ended, as ${WHY_STOPPED[stopped]}.`,
    ...(check.unsound.length === 0
      ? []
      : [`${check.unsound.length} statements were left out: ${check.unsound.map(({ why }) => why).join("; ")}.`]),
    ...suspicious.map(({ source, suspicion }) => `${source} ${suspicion}; nothing here rests on it alone.`),
    ...(evidence.isFull ? ["As many passages were found as can be read at once; there may be more."] : []),
  ];
  return [
    `# ${question}`,
    ...sections,
    `## Sources\n\n${sources.map((source, index) => `${index + 1}. ${source}`).join("\n") || "None."}`,
    `## How it was made\n\n${notes.map((note) => `- ${note}`).join("\n")}`,
  ].join("\n\n");
};

/** Without a model: what was found, and no word about it. */
export const renderPassages = (question: string, passages: readonly Passage[]): string =>
  [
    `# ${question}`,
    "No model is configured, so nobody has read these passages and no report was written. They are what a search for the question found.",
    ...(passages.length === 0
      ? ["Nothing was found."]
      : passages.map(({ source, text }) => `**${source}**\n\n> ${text.trim().replaceAll("\n", "\n> ")}`)),
  ].join("\n\n");

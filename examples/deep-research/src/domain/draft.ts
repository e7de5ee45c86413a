import { asData, OUTSIDE_TEXT_RULE } from "agentcore";
import { z } from "zod";
import type { Evidence } from "./evidence.ts";
import type { SubQuestion } from "./plan.ts";

const Citation = z.object({
  source: z.string().min(1).max(400),
  /** Words of the source, as they stand there. */
  quote: z.string().min(1).max(1000),
});
export type Citation = z.infer<typeof Citation>;

const Claim = z.object({
  text: z.string().min(1).max(1000),
  /** Ids of the questions that it answers. */
  answers: z.array(z.string()).min(1).max(6),
  citations: z.array(Citation).max(6),
});
export type Claim = z.infer<typeof Claim>;

export const Draft = z.object({
  claims: z.array(Claim).max(40),
  /** Sources that say different things of the same. */
  disagreements: z
    .array(
      z.object({
        about: z.string().min(1).max(500),
        answers: z.array(z.string()).min(1).max(6),
        sides: z
          .array(Citation.extend({ says: z.string().min(1).max(500) }))
          .min(2)
          .max(5),
      }),
    )
    .max(10)
    .default([]),
  /** What to search for next. */
  lookFor: z.array(z.string().min(1).max(300)).max(6).default([]),
});
export type Draft = z.infer<typeof Draft>;

export const DRAFT_RULES: readonly string[] = [
  'Answer the questions from the passages and from nothing else. Reply with JSON { "claims": [{ "text": one statement, "answers": [ids of questions], "citations": [{ "source": as the passage names it, "quote": at least three words, copied exactly }] }], "disagreements": [{ "about": text, "answers": [ids], "sides": [{ "says": text, "source": …, "quote": … }] }], "lookFor": [searches for what is still missing] }.',
  "Where sources contradict each other, say so as a disagreement and decide nothing. What no passage says you leave out.",
  OUTSIDE_TEXT_RULE,
];

/** What is asked of the model in a round; `problems`: what was wrong with its draft before. */
export const draftRequest = (
  question: string,
  plan: readonly SubQuestion[],
  evidence: Evidence,
  problems: readonly string[],
): string =>
  [
    question,
    `Questions:\n${plan.map(({ id, question: text }) => `- ${id}: ${text}`).join("\n")}`,
    ...evidence.all.map(({ source, heading, text }) =>
      asData(source, heading === undefined ? text : `${heading}\n${text}`),
    ),
    ...(problems.length === 0
      ? []
      : [
          `Your draft before was checked. Write all of it anew, without these faults:\n${problems.map((each) => `- ${each}`).join("\n")}`,
        ]),
  ].join("\n\n");

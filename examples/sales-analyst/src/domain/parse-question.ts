import type { Catalogue } from "./catalogue.ts";
import type { SalesIntent } from "./intent.ts";
import { canonicalIntent, findIntentProblem } from "./intent.ts";
import { NameIndex } from "./question/name-index.ts";
import type { Problem } from "./question/problem.ts";
import { ambiguous, isProblem, notInTheData } from "./question/problem.ts";
import { recognise } from "./question/recognise.ts";
import { resolveFilters } from "./question/resolve-filters.ts";
import { resolveGrouping } from "./question/resolve-grouping.ts";
import { resolveMeasure } from "./question/resolve-measure.ts";
import {
  attachNouns,
  findCountedCustomers,
  findWrongActor,
  placeRemainingCustomers,
} from "./question/resolve-nouns.ts";
import { resolvePeriods } from "./question/resolve-periods.ts";
import { Sentence } from "./question/sentence.ts";
import { tokenise } from "./question/token.ts";

export interface Refusal {
  readonly understood: false;
  readonly reason: Problem["problem"];
  /** For the person who asked: what stood in the way. */
  readonly message: string;
  /** The words that have no meaning here; empty when each had one but the sentence had none. */
  readonly unknownWords: readonly string[];
  readonly examples: readonly string[];
}

export type ParsedQuestion = { readonly understood: true; readonly intent: SalesIntent } | Refusal;

export interface ParseContext {
  /** The day relative times count from, `YYYY-MM-DD`. */
  readonly today: string;
  readonly catalogue: Catalogue;
}

/** A question about sales takes a line, not a page; the bound also bounds the work. */
const maxQuestionLength = 300;

export const exampleQuestions = [
  "What was the revenue in 2024?",
  "Orders by region last quarter",
  "Top 5 products by units sold in 2024",
  "Average order value in the North this year",
  "Compare revenue in 2023 and 2024 by category",
] as const;

/** Turns a question into an intent, or refuses it. Every word must be known and every part of the sentence must find its
 *  place in the intent; nothing is dropped and nothing is assumed, because a wrong number looks just like a right one. */
export function parseQuestion(question: string, { today, catalogue }: ParseContext): ParsedQuestion {
  if (question.length > maxQuestionLength)
    return refuse({ problem: "notUnderstood", because: `a question may have ${maxQuestionLength} characters` });
  const names = new NameIndex(catalogue);
  const elements = recognise(tokenise(question), names, { today, firstDay: catalogue.firstDay });

  const unavailable = elements.find((element) => element.kind === "unavailable");
  const unknown = [...new Set(elements.filter((element) => element.kind === "unknown").map(({ words }) => words))];
  if (unavailable) return refuse({ problem: "notInTheData", because: unavailable.because }, unknown);
  if (unknown.length > 0) return refuse({ problem: "notUnderstood", because: unknownWords(unknown, names) }, unknown);
  const unclear = elements.find((element) => element.kind === "ambiguous");
  if (unclear) return refuse(ambiguous(unclear.because));

  const intent = assemble(new Sentence(elements));
  if (isProblem(intent)) return refuse(intent);
  const outside = intent.periods.some(({ from, to }) => to < catalogue.firstDay || from > catalogue.lastDay);
  if (outside) return refuse(notInTheData(`the data runs from ${catalogue.firstDay} to ${catalogue.lastDay}`));
  return { understood: true, intent };
}

function assemble(sentence: Sentence): SalesIntent | Problem {
  const wrongActor = findWrongActor(sentence);
  if (wrongActor) return notInTheData(wrongActor);
  attachNouns(sentence);
  const countsCustomers = findCountedCustomers(sentence);
  placeRemainingCustomers(sentence);
  const grouping = resolveGrouping(sentence);
  if (isProblem(grouping)) return grouping;
  const measure = resolveMeasure(sentence, grouping, countsCustomers);
  if (isProblem(measure)) return measure;
  const filters = resolveFilters(sentence, measure);
  if (isProblem(filters)) return filters;
  const times = resolvePeriods(sentence, filters, grouping.groupBy);
  if (isProblem(times)) return times;

  const leftOver = sentence.leftOver();
  if (leftOver.length > 0) {
    return {
      problem: "notUnderstood",
      because: `I know the words but not what they do in this question: ${leftOver.map(({ words }) => `"${words}"`).join(", ")}`,
    };
  }
  const groupBy = [...grouping.groupBy, ...times.comparedBy];
  const intent = canonicalIntent({
    measure,
    groupBy,
    filters,
    periods: times.periods,
    order: grouping.order,
    limit: grouping.limit,
  });
  const problem = groupBy.length > 2 ? "it is grouped by more than two things" : findIntentProblem(intent);
  return problem ? ambiguous(problem) : intent;
}

function unknownWords(words: readonly string[], names: NameIndex): string {
  const explained = words.map((word) => {
    const near = names.near(word);
    return near.length > 0 ? `"${word}" (a part of ${near.join(", ")}?)` : `"${word}"`;
  });
  return `I do not know ${explained.join(", ")}`;
}

function refuse({ problem, because }: Problem, unknown: readonly string[] = []): Refusal {
  return {
    understood: false,
    reason: problem,
    message: `I cannot answer that: ${because.replace(/[.?]$/, "")}.`,
    unknownWords: unknown,
    examples: exampleQuestions,
  };
}

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { seedCatalogue } from "../../seed/seed-catalogue.ts";
import { intentKey, SalesIntentSchema } from "./intent.ts";
import { parseQuestion } from "./parse-question.ts";

const Unanswerable = z.array(z.object({ kind: z.string(), question: z.string() }));
const QuestionSet = z.object({
  today: z.string(),
  groups: z
    .array(z.object({ id: z.string(), expected: SalesIntentSchema, questions: z.array(z.string()) }))
    .default([]),
  questions: Unanswerable.optional(),
  unanswerable: Unanswerable.optional(),
});
const catalogue = seedCatalogue();

function measure(file: string) {
  const set = QuestionSet.parse(
    JSON.parse(readFileSync(new URL(`../../questions/${file}.json`, import.meta.url), "utf8")),
  );
  const asked = set.groups.flatMap(({ expected, questions }) =>
    questions.map((question) => {
      const parsed = parseQuestion(question, { today: set.today, catalogue });
      const outcome = !parsed.understood
        ? "refused"
        : intentKey(parsed.intent) === intentKey(expected)
          ? "right"
          : "wrong";
      return { question, outcome };
    }),
  );
  const unanswerable = (set.questions ?? set.unanswerable ?? []).map(({ question }) => ({
    question,
    refused: !parseQuestion(question, { today: set.today, catalogue }).understood,
  }));
  const of = (outcome: string): string[] =>
    asked.filter((one) => one.outcome === outcome).map(({ question }) => question);
  return {
    asked,
    right: of("right"),
    wrong: of("wrong"),
    refused: of("refused"),
    unanswerable,
    answered: unanswerable.filter(({ refused }) => !refused),
  };
}

function rate(part: number, whole: number): string {
  return `${part} of ${whole} (${((100 * part) / whole).toFixed(0)} %)`;
}

test("paraphrases are understood and unanswerable questions refused", () => {
  const { asked, right, wrong, refused } = measure("paraphrases");
  const { unanswerable, answered } = measure("unanswerable");
  console.log(
    `paraphrases understood: ${rate(right.length, asked.length)}; wrong: ${wrong.length}; refused: ${refused.length}`,
  );
  console.log(`unanswerable refused: ${rate(unanswerable.length - answered.length, unanswerable.length)}`);
  expect(asked).toHaveLength(40);
  expect(unanswerable).toHaveLength(20);
  expect(wrong).toEqual([]);
  expect(right.length).toBe(40);
  expect(answered).toEqual([]);
});

test("questions not run before the parser was finished are understood and refused alike", () => {
  const { asked, right, wrong, unanswerable, answered } = measure("held-out");
  console.log(`held out, understood: ${rate(right.length, asked.length)}; wrong: ${wrong.length}`);
  console.log(`held out, unanswerable refused: ${rate(unanswerable.length - answered.length, unanswerable.length)}`);
  expect(wrong).toEqual([]);
  expect(right.length).toBe(20);
  expect(answered).toEqual([]);
});

test("free speech is often refused but never answered wrongly", () => {
  const { asked, right, wrong, refused } = measure("free-speech");
  console.log(
    `free speech, understood: ${rate(right.length, asked.length)}; wrong: ${wrong.length}; refused: ${refused.length}`,
  );
  expect(wrong).toEqual([]);
  // A floor, so that the grammar may grow: 9 when it was written down.
  expect(right.length).toBeGreaterThanOrEqual(9);
});

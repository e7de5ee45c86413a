import { z } from "zod";

const SubQuestion = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,30}$/, { error: "expected 1 to 30 small letters, digits or -" }),
  question: z.string().min(1).max(500),
  /** What to search for. */
  queries: z.array(z.string().min(1).max(300)).min(1).max(3),
});
export type SubQuestion = z.infer<typeof SubQuestion>;

export const Plan = z
  .object({ questions: z.array(SubQuestion).min(1).max(6) })
  .refine(({ questions }) => new Set(questions.map(({ id }) => id)).size === questions.length, {
    error: "expected ids that differ",
    path: ["questions"],
  });

export const PLAN_RULE =
  'Plan research in a folder of documents. Divide the question into at most 6 questions that documents can answer, each with 1 to 3 searches in words that the documents may use. Do not answer. Reply with JSON { "questions": [{ "id": "short-name", "question": text, "queries": [text] }] }.';

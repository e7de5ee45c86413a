import { askFor, converse, inputText, opening, type Strategy } from "@agentcore/sdk";
import { z } from "zod";
import { checkStrategy, count } from "./check-strategy.ts";

export interface DeliberativeOptions {
  /** Ways to think of, 2 to 10. @default 3 */
  readonly ways?: number | undefined;
  /** What a way is judged by, and how much each weighs; more is better of all of them. @default value 0.5, safety 0.3, economy 0.2 */
  readonly criteria?: Readonly<Record<string, number>> | undefined;
  /** Model calls to carry the chosen way out, 1 to 100. @default 10 */
  readonly maxTurns?: number | undefined;
}

export const deliberativeShape = {
  ways: z.int().min(2).max(10).default(3),
  criteria: z
    .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,39}$/), z.number().positive().max(1000))
    .refine((criteria) => Object.keys(criteria).length > 0, { error: "expected at least one" })
    .default({ value: 0.5, safety: 0.3, economy: 0.2 }),
  maxTurns: count(100, 10),
};

const Beliefs = z.object({ facts: z.array(z.string()), unknown: z.array(z.string()) });
const Way = z.object({ id: z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/), way: z.string().min(1) });
type Way = z.infer<typeof Way>;

/**
 * Thinks before it acts: what is known and what is not, several ways, a judgement of each by the criteria, and then the best one, carried out by a model
 * with tools. Scores and choice stand in the log.
 */
export const deliberative = (options: DeliberativeOptions = {}): Strategy => {
  const { ways: most, criteria, maxTurns } = checkStrategy("deliberative", deliberativeShape, options);
  return ({ model, instructions, tools, output }) =>
    async (task, ctx) => {
      const question = inputText(task);
      const abilities = tools.map(({ name, description }) => `- ${name}: ${description}`).join("\n");
      const can = tools.length === 0 ? [] : [`Whoever carries it out can use:\n${abilities}`];
      const ask = <T>(name: string, rule: string, text: string, schema: z.ZodType<T>): Promise<T> =>
        askFor(ctx, opening({ instructions, tools: [] }, text, { rules: [rule, ...can] }), schema, { name, model });

      const beliefs = await ask(
        "beliefs",
        'Say what is known about the task, and what is not, as JSON { "facts": [text, …], "unknown": [text, …] }. Do not solve it.',
        question,
        Beliefs,
      );
      const situation = `${question}\n\nWhat is known, and what is not:\n${JSON.stringify(beliefs)}`;
      const { ways } = await ask(
        "ways",
        `Think of ${most} ways to do it that differ, as JSON { "ways": [{ "id": "short-name", "way": what would be done }] }.`,
        situation,
        waysOf(most),
      );
      const { judgements } = await ask(
        "judgements",
        `Judge each way by ${Object.keys(criteria).join(", ")}, each from 0 to 1, more is better, as JSON { "judgements": [{ "id": …, "scores": { criterion: number }, "reason": text }] }.`,
        `${situation}\n\nWays:\n${JSON.stringify(ways)}`,
        judgementsOf(ways, Object.keys(criteria)),
      );
      const chosen = ctx.decide("way", () => best(judgements, criteria));
      const way = ways.find(({ id }) => id === chosen)?.way ?? "";
      const messages = opening({ instructions, tools }, `${situation}\n\nDo it this way: ${way}`, { output });
      return converse(ctx, messages, { model, tools, output, maxTurns });
    };
};

const waysOf = (most: number) =>
  z.object({
    ways: z
      .array(Way)
      .min(2)
      .max(most)
      .refine((ways) => new Set(ways.map(({ id }) => id)).size === ways.length, { error: "expected ids that differ" }),
  });

interface Judgement {
  readonly id: string;
  readonly scores: Readonly<Record<string, number>>;
  readonly reason?: string | undefined;
}

const judgementsOf = (ways: readonly Way[], criteria: readonly string[]): z.ZodType<{ judgements: Judgement[] }> => {
  const score = z.number().min(0).max(1);
  const scores = z.object(Object.fromEntries(criteria.map((criterion) => [criterion, score])));
  return z.object({
    judgements: z
      .array(z.object({ id: z.string(), scores, reason: z.string().optional() }))
      .refine((all) => ways.every((way) => all.filter(({ id }) => id === way.id).length === 1), {
        error: `expected one for each way: ${ways.map(({ id }) => id).join(", ")}`,
      }),
  }) as z.ZodType<{ judgements: Judgement[] }>;
};

const best = (judgements: readonly Judgement[], criteria: Readonly<Record<string, number>>) => {
  const weights = Object.values(criteria).reduce((sum, weight) => sum + weight, 0);
  const scores = judgements.map(({ id, scores }) => ({
    candidate: id,
    score: Object.entries(criteria).reduce((sum, [name, weight]) => sum + (weight / weights) * (scores[name] ?? 0), 0),
  }));
  // Of equals the first that was thought of.
  const [first] = [...scores].sort((one, other) => other.score - one.score);
  const chosen = judgements.find(({ id }) => id === first?.candidate);
  return { choice: first?.candidate ?? "", scores, reasons: chosen?.reason === undefined ? [] : [chosen.reason] };
};

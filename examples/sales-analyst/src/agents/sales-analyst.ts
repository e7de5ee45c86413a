import { agent, type Context } from "agentcore";
import { ParseReply, SalesQuestion, SalesReply, SqlReply } from "../domain/agent-messages.ts";
import { answerKey } from "../domain/answer-cache.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { type Answer, AnswerSchema } from "../domain/format-answer.ts";
import type { SalesIntent } from "../domain/intent.ts";
import { intentFromModel, modelInstructions, modelNote } from "../domain/model-intent.ts";
import { renderAnswer, renderRefusal } from "../domain/render-answer.ts";

/** Answers nobody asks for again must not fill the store for ever. */
const keepAnswersMs = 30 * 24 * 3_600_000;

export const salesAnalyst = agent({
  name: "sales-analyst",
  description:
    "Answers a question about sales from the database: intent, cache, SQL, answer; refuses what it does not understand",
  skills: [
    {
      id: "sales-analysis",
      name: "Sales analysis",
      tags: ["sales", "analytics"],
      examples: ["What were our 5 best-selling products last year?", "Compare revenue in 2023 and 2024 by category"],
    },
  ],
  input: SalesQuestion,
  output: SalesReply,
  idempotent: true,
  async run({ input }, ctx) {
    const question = typeof input === "string" ? input : input.question;
    const { parsed, dataVersion, catalogue } = ParseReply.parse(
      await ctx.query({ agent: "intent-parser" }, { question }),
    );
    if (parsed.understood) return reply(ctx, await answerIntent(ctx, parsed.intent, dataVersion, catalogue), []);
    // Rules know what is not in the data and what has two readings; a model is asked only where they lack the words.
    const readByModel =
      parsed.reason === "notUnderstood" && ctx.env["AGENTCORE_MODEL_URL"]
        ? await askModel(ctx, question, catalogue)
        : undefined;
    if (readByModel) return reply(ctx, await answerIntent(ctx, readByModel, dataVersion, catalogue), [modelNote]);
    return { ...parsed, text: renderRefusal(parsed) };
  },
});

interface IntentAnswer {
  readonly intent: SalesIntent;
  readonly answer: Answer;
  readonly fromCache: boolean;
}

/** Cache, then SQL, then words. The same meaning over the same data is computed once, however it is asked. */
async function answerIntent(
  ctx: Context,
  intent: SalesIntent,
  dataVersion: string,
  { firstDay, lastDay }: Catalogue,
): Promise<IntentAnswer> {
  const known = AnswerSchema.safeParse(await ctx.memory.get(answerKey(intent, dataVersion)));
  if (known.success) return { intent, answer: known.data, fromCache: true };
  const sql = SqlReply.parse(await ctx.query({ agent: "sales-sql" }, { intent }));
  const answer = AnswerSchema.parse(
    await ctx.query({ agent: "answer-formatter" }, { intent, results: sql.results, coverage: { firstDay, lastDay } }),
  );
  // Data that changed on the way: the coverage in the notes may be that of before, so the answer is not kept.
  if (sql.dataVersion === dataVersion)
    await ctx.memory.set(answerKey(intent, dataVersion), answer, { ttlMs: keepAnswersMs });
  return { intent, answer, fromCache: false };
}

async function reply(ctx: Context, { intent, answer, fromCache }: IntentAnswer, notes: readonly string[]) {
  const whole = { ...answer, notes: [...answer.notes, ...notes] };
  const text = renderAnswer(whole);
  await ctx.artifact({ name: "answer.md", text, mediaType: "text/markdown" });
  return { understood: true as const, ...whole, intent, fromCache, text };
}

/** A model may only choose an intent; figures come from the database whoever chose it. Without a usable reply: refused. */
async function askModel(ctx: Context, question: string, catalogue: Catalogue): Promise<SalesIntent | undefined> {
  try {
    const { text } = await ctx.model({
      model: "openai-compatible",
      messages: [
        { role: "system", content: modelInstructions(catalogue) },
        { role: "user", content: question },
      ],
      temperature: 0,
      maxOutputTokens: 500,
    });
    return intentFromModel(text, catalogue);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    ctx.log.warn("the model gave no answer; the question stays refused", { error: String(error) });
    return undefined;
  }
}

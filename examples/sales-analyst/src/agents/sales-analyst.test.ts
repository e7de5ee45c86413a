import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { FakePlatform } from "../../../fake-platform.ts";
import { SalesReply } from "../domain/agent-messages.ts";
import { answerIntent } from "../domain/answer-intent.ts";
import { salesData } from "../domain/sales-data.ts";
import { answerFormatter } from "./answer-formatter.ts";
import { intentParser } from "./intent-parser.ts";
import { salesAnalyst } from "./sales-analyst.ts";
import { salesSql } from "./sales-sql.ts";

const agents = [salesAnalyst, intentParser, salesSql, answerFormatter];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sales-analyst-"));
});
afterAll(async () => {
  salesData(folder).close();
  await rm(folder, { recursive: true });
});

const platformOf = (options: { env?: Record<string, string>; model?: (question: string) => string } = {}) =>
  new FakePlatform({ agents, ...options, env: { SALES_DATA: folder, ...options.env } });
const ask = async (platform: FakePlatform, input: unknown) =>
  SalesReply.parse(await platform.run("sales-analyst", input));
const answered = async (platform: FakePlatform, input: unknown) => {
  const reply = await ask(platform, input);
  if (!reply.understood) throw new Error(reply.message);
  return reply;
};

describe("sales-analyst", () => {
  it("answers as the domain does, for every wording", async () => {
    const sets = z.object({ groups: z.array(z.object({ questions: z.array(z.string()) })) });
    const { groups } = sets.parse(
      JSON.parse(await readFile(join(import.meta.dirname, "../../questions/paraphrases.json"), "utf8")),
    );
    const platform = platformOf();
    for (const { questions } of groups) {
      for (const [index, question] of questions.entries()) {
        const { intent, fromCache, sentence, columns, rows, notes } = await answered(platform, question);
        const direct = await answerIntent(intent, salesData(folder), { get: async () => null, set: async () => {} });
        expect({ sentence, columns, rows, notes }).toEqual(direct.answer);
        expect(fromCache, question).toBe(index > 0);
      }
    }
    expect(platform.calls.filter((call) => call === "query sales-sql")).toHaveLength(groups.length);
  });

  it("runs no SQL the second time, also for other words of the same meaning", async () => {
    const platform = platformOf();
    const first = await answered(platform, { question: "Top 5 products by units sold in 2024" });
    expect(first.fromCache).toBe(false);
    platform.calls.length = 0;
    const second = await answered(platform, "What were our 5 best-selling products last year?");
    expect(second).toEqual({ ...first, fromCache: true });
    expect(platform.calls).toEqual(["query intent-parser"]);
    expect(platform.artifacts.at(-1)).toMatchObject({ name: "answer.md", text: second.text });
  });

  it("refuses what is not understood as a normal answer", async () => {
    const platform = platformOf();
    const refusal = await ask(platform, "What was our profit margin in 2024?");
    expect(refusal).toMatchObject({ understood: false, reason: "notInTheData" });
    expect(refusal.text).toContain("You can ask, for example:");
    expect(await ask(platform, "x".repeat(400))).toMatchObject({ understood: false });
    expect(platform.calls).not.toContain("query sales-sql");
    await expect(ask(platform, "")).rejects.toThrow();
    await expect(ask(platform, { q: "?" })).rejects.toThrow();
  });
});

describe("with a model in the environment", () => {
  const env = { AGENTCORE_MODEL_URL: "http://127.0.0.1:1" };
  const slang = "gimme the dough tents made in 2024";
  const intent = {
    measure: "revenue",
    groupBy: [],
    filters: [{ field: "category", mode: "in", values: ["Tents"] }],
    periods: [{ from: "2024-01-01", to: "2024-12-31" }],
    order: "natural",
    limit: null,
  };

  it("a model reads what rules do not understand, and the answer says so", async () => {
    const platform = platformOf({ env, model: () => `\`\`\`json\n${JSON.stringify(intent)}\n\`\`\`` });
    const byModel = await answered(platform, slang);
    const byRules = await answered(platform, "Revenue from tents in 2024");
    expect(byModel.sentence).toBe(byRules.sentence);
    expect(byModel.notes.at(-1)).toMatch(/A model read this question/);
    expect(byRules).toMatchObject({ fromCache: true, notes: [] });
  });

  it.each([
    ["a refusal", '{"refused":true}'],
    ["no JSON", "The revenue was 5 euros."],
    ["an intent that is none", JSON.stringify({ ...intent, measure: "profit" })],
    [
      "a name that is not in the data",
      JSON.stringify({ ...intent, filters: [{ field: "region", mode: "in", values: ["Mars"] }] }),
    ],
    ["a time without data", JSON.stringify({ ...intent, periods: [{ from: "1998-01-01", to: "1998-12-31" }] })],
  ])("stays refused when the model replies with %s", async (_, reply) => {
    const platform = platformOf({ env, model: () => reply });
    expect(await ask(platform, slang)).toMatchObject({ understood: false, reason: "notUnderstood" });
    expect(platform.calls).toContain("model sales-analyst");
    expect(platform.calls).not.toContain("query sales-sql");
  });

  it("stays refused when the model does not answer, and no model is asked what rules know is not there", async () => {
    expect(await ask(platformOf({ env }), slang)).toMatchObject({ understood: false });
    const platform = platformOf({ env, model: () => JSON.stringify(intent) });
    expect(await ask(platform, "What was our profit margin in 2024?")).toMatchObject({ understood: false });
    expect(platform.calls).not.toContain("model sales-analyst");
  });

  it("asks no model without its address", async () => {
    const platform = platformOf({ model: () => JSON.stringify(intent) });
    expect(await ask(platform, slang)).toMatchObject({ understood: false });
    expect(platform.calls).not.toContain("model sales-analyst");
  });
});

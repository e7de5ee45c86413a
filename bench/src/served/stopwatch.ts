/** The agent that measures what a call of a model takes in a task, against the same call without a node. */
import { agent } from "@agentcore/sdk";
import { openSqlite } from "@agentcore/sqlite";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { median } from "../measure.ts";
import { ANSWER_TEXT, MESSAGES } from "../model-question.ts";
import { twoCommits } from "./two-commits.ts";

/** Medians in milliseconds. */
export interface CallTimes {
  readonly inTask: number;
  readonly plain: number;
  /** Of two commits of the store, one after another: what a call with a budget needs, and nothing else in them. */
  readonly commits: number;
}

const [, question] = MESSAGES;

export const stopwatch = agent({
  name: "stopwatch",
  description: "Measures calls of a model; the input says how many",
  async run(task, ctx): Promise<CallTimes> {
    const { calls, round } = JSON.parse(String(task.input)) as { readonly calls: number; readonly round: number };
    const provider = createOpenAICompatible({ name: "plain", baseURL: process.env["BENCH_PROVIDER"] ?? "" });
    const plain = provider.chatModel("small");
    const stores = await openSqlite({ directory: process.env["BENCH_COMMITS"] ?? "" });
    const times: Record<keyof CallTimes, number[]> = { inTask: [], plain: [], commits: [] };
    const time = async (what: keyof CallTimes, work: () => Promise<string>): Promise<void> => {
      const startedAt = performance.now();
      const text = await work();
      times[what].push(performance.now() - startedAt);
      if (text !== ANSWER_TEXT) throw new Error(`${what}: ${text}`);
    };
    try {
      for (let call = 0; call < calls; call++) {
        // Another question every time, so that nothing was kept.
        const text = `${question.content} Round ${round}, call ${call}.`;
        await time("inTask", async () => {
          const messages = [MESSAGES[0], { role: "user", content: text }] as const;
          return (await ctx.model({ model: "kept", messages })).text;
        });
        await time("plain", async () => {
          const { content } = await plain.doGenerate({
            prompt: [MESSAGES[0], { role: "user", content: [{ type: "text", text }] }],
          });
          return content[0]?.type === "text" ? content[0].text : "";
        });
        await time("commits", async () => {
          await twoCommits(stores.tasks, `${round}/${call}`);
          return ANSWER_TEXT;
        });
      }
    } finally {
      await stores.close();
    }
    return { inTask: median(times.inTask), plain: median(times.plain), commits: median(times.commits) };
  },
});

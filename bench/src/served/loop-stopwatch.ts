/** The agent that measures what the loop takes in a task, against the model and the tool alone. */
import { agent } from "@agentcore/sdk";
import { openSqlite } from "@agentcore/sqlite";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { price, strategy } from "../agent-loop/agents.ts";
import { ANSWER_TEXT, INSTRUCTIONS, MODEL, QUESTION, STEPS } from "../agent-loop/loop.ts";
import { runPlainLoop } from "../agent-loop/plain-loop.ts";
import { median } from "../measure.ts";
import { twoCommits } from "./two-commits.ts";

/** Medians in milliseconds, of a whole loop each. */
export interface LoopTimes {
  readonly inTask: number;
  readonly plain: number;
  /** Of two commits of the store for each step of the loop, one after another. */
  readonly commits: number;
}

const NAME = "loop-stopwatch";
const run = strategy({ name: NAME, model: MODEL, instructions: INSTRUCTIONS, tools: [price] });

export const loopStopwatch = agent({
  name: NAME,
  description: "Measures loops; the input says how many",
  async run(task, ctx): Promise<LoopTimes> {
    const { loops, round } = JSON.parse(String(task.input)) as { readonly loops: number; readonly round: number };
    const provider = createOpenAICompatible({ name: "plain", baseURL: process.env["BENCH_PROVIDER"] ?? "" });
    const plain = provider.chatModel(MODEL);
    const stores = await openSqlite({ directory: process.env["BENCH_COMMITS"] ?? "" });
    const times: Record<keyof LoopTimes, number[]> = { inTask: [], plain: [], commits: [] };
    const time = async (what: keyof LoopTimes, work: () => Promise<unknown>): Promise<void> => {
      const startedAt = performance.now();
      const text = await work();
      times[what].push(performance.now() - startedAt);
      if (text !== ANSWER_TEXT) throw new Error(`${what}: ${String(text)}`);
    };
    try {
      for (let loop = 0; loop < loops; loop++) {
        await time("inTask", () => run({ ...task, input: QUESTION }, ctx));
        await time("plain", () => runPlainLoop(plain, QUESTION));
        await time("commits", async () => {
          for (let step = 0; step < STEPS; step++) await twoCommits(stores.tasks, `${round}/${loop}/${step}`);
          return ANSWER_TEXT;
        });
      }
    } finally {
      await stores.close();
    }
    return { inTask: median(times.inTask), plain: median(times.plain), commits: median(times.commits) };
  },
});

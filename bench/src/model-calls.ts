/** What a call of a model costs in a task, one at a time, with cache and budget on. */
import { askAgent } from "./ask-agent.ts";
import { PAIRS } from "./measure.ts";
import { startServer } from "./processes.ts";
import { withFolder } from "./scratch.ts";
import type { CallTimes } from "./served/stopwatch.ts";

export interface ModelCallOptions {
  /** Milliseconds that the provider takes. */
  readonly latencyMs: number;
  /** In one round. */
  readonly calls: number;
  /** Of the round before, which does not count. */
  readonly warmUp: number;
}

export const SETTINGS =
  "in one task of a whole node, one call at a time, in turn with the plain call and the commits; cache on and missed every time, a budget in US dollars on each call; SQLite (WAL, synchronous=FULL)";

/** Medians of each round. */
export const measureModelCalls = ({ latencyMs, calls, warmUp }: ModelCallOptions): Promise<readonly CallTimes[]> =>
  withFolder(async (folder) => {
    const provider = await startServer("served/model-provider.ts", [String(latencyMs)]);
    const node = await startServer("served/model-node.ts", [folder, provider.url, "budget"]);
    const rounds: CallTimes[] = [];
    const measure = (input: { readonly calls: number; readonly round: number }): Promise<CallTimes> =>
      askAgent(node.url, "stopwatch", JSON.stringify(input));
    await measure({ calls: warmUp, round: -1 });
    for (let round = 0; round < PAIRS; round++) rounds.push(await measure({ calls, round }));
    await Promise.all([node.stop(), provider.stop()]);
    return rounds;
  });

/** What a call of a model costs in a task, one at a time, with cache and budget on. */
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
    await runStopwatch(node.url, { calls: warmUp, round: -1 });
    for (let round = 0; round < PAIRS; round++) rounds.push(await runStopwatch(node.url, { calls, round }));
    await Promise.all([node.stop(), provider.stop()]);
    return rounds;
  });

const runStopwatch = async (url: string, input: { readonly calls: number; readonly round: number }) => {
  const response = await fetch(`${url}/a2a/stopwatch`, {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0" },
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id: 1, method: "SendMessage" },
      params: {
        message: { messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text: JSON.stringify(input) }] },
      },
    }),
  });
  const text = await response.text();
  const { result } = JSON.parse(text) as {
    readonly result?: { readonly task: { readonly artifacts?: readonly { parts: readonly { data?: CallTimes }[] }[] } };
  };
  const times = result?.task.artifacts?.at(-1)?.parts[0]?.data;
  if (times === undefined) throw new Error(`the stopwatch answered ${text.slice(0, 600)}`);
  return times;
};

/** The node's door against Portkey's gateway, both in front of one provider process. */
import { type Benchmark, judge, type Result } from "./benchmark.ts";
import type { Post } from "./load-generator.ts";
import { format, measurePairs, median } from "./measure.ts";
import { ANSWER_TEXT, MESSAGES } from "./model-question.ts";
import { startLoadGenerator, startServer } from "./processes.ts";
import { withFolder } from "./scratch.ts";

export const CONNECTIONS = 32;
const MS = 3000;
// Until then code is still being compiled: more on a slow machine than a window of time can tell.
const WARM_UP = 8000;

/** `p99`: milliseconds. */
type Measure = "perSecond" | "p99";

const post = (model: string, headers: Post["headers"] = {}): Post => ({
  headers,
  body: JSON.stringify({ model, messages: MESSAGES }),
  marker: ANSWER_TEXT,
});

export const runModelGateways = (benchmark: Pick<Benchmark, "floor">, of: Measure): Promise<Result> =>
  withFolder(async (folder) => {
    const provider = await startServer("served/model-provider.ts");
    const node = await startServer("served/model-node.ts", [`${folder}/plain`, provider.url]);
    const budgeted = await startServer("served/model-node.ts", [`${folder}/budget`, provider.url, "budget"]);
    const portkey = await startServer("peers/portkey.mjs");
    const load = startLoadGenerator();

    const lane = (url: string, what: Post) => {
      const seen: Record<Measure, number[]> = { perSecond: [], p99: [] };
      return {
        seen,
        warmUp: () => load.run({ url, connections: CONNECTIONS, count: WARM_UP, post: what }),
        async measure(): Promise<number> {
          const { answered, ms, p99 } = await load.run({ url, connections: CONNECTIONS, ms: MS, post: what });
          const values = { perSecond: (answered * 1000) / ms, p99 };
          seen.perSecond.push(values.perSecond);
          seen.p99.push(values.p99);
          return values[of];
        },
      };
    };
    const ours = lane(`${node.url}/v1/chat/completions`, post("small"));
    const withBudget = lane(`${budgeted.url}/v1/chat/completions`, post("small"));
    const direct = lane(`${provider.url}/chat/completions`, post("small"));
    const peer = lane(
      portkey.url,
      post("small", {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": provider.url,
        authorization: "Bearer none",
      }),
    );
    for (const side of [ours, peer, withBudget, direct]) await side.warmUp();
    const measured = await measurePairs(ours.measure, peer.measure);
    const other: Measure = of === "p99" ? "perSecond" : "p99";
    const beside = { ours: median(ours.seen[other]), peer: median(peer.seen[other]) };
    const budget = await measurePairs(withBudget.measure, peer.measure);
    await direct.measure();
    load.stop();
    await Promise.all([node.stop(), budgeted.stop(), portkey.stop(), provider.stop()]);
    const unit: Record<Measure, string> = { perSecond: "requests/s", p99: "ms at p99" };
    return judge(benchmark, measured, [
      measured.spread,
      `${format(beside.ours)} against ${format(beside.peer)} ${unit[other]}`,
      `ours with a budget on every call, two commits a call: ${format(budget.ours)} against ${format(budget.peer ?? 0)} ${unit[of]}, ${budget.spread}`,
      `the provider without a gateway: ${format(median(direct.seen.perSecond))} requests/s, ${format(median(direct.seen.p99))} ms at p99`,
      `POST /v1/chat/completions, not streamed, ${CONNECTIONS} keep-alive connections; provider, load generator and each gateway in processes of their own; every answer checked to be the provider's`,
      "ours: whole node as it comes, from its sources, no cache; the usage of each call on SQLite (WAL, synchronous=FULL) before the response: one commit, shared by calls that end together",
      "peer: @portkey-ai/gateway's build/start-server.js, --headless, x-portkey-custom-host; it writes nothing down",
    ]);
  });

import { createEnglishEmbedder } from "@agentcore/embeddings-english";
import { openWordVectors } from "@agentcore/vectors";
import {
  compareCosts,
  type DeciderReport,
  exactMatches,
  measure,
  measureShown,
  type Report,
  SHOWN,
} from "../../need-discovery/measure.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { format } from "../measure.ts";

export const benchmark: Benchmark = {
  name: "need-discovery",
  what: "95th percentile of finding an agent by need: among 1,025 agents, words and their meaning, each need asked for the first time",
  unit: "ms",
  floor: { of: "ours", atMost: 20 },
  run: async () => {
    const openedAt = performance.now();
    const vectors = await openWordVectors();
    const openMs = performance.now() - openedAt;
    await measure("dev", vectors);
    const [exact, words, both, costs] = [
      await exactMatches("test"),
      await measure("test", null),
      await measure("test", vectors),
      await compareCosts(),
    ];
    const english = createEnglishEmbedder();
    const neural = await measure("test", null, english);
    const all = await measure("test", vectors, english);
    const shown = [await measureShown("test", vectors), await measureShown("test", vectors, english)] as const;
    await english.close();
    return judge(benchmark, { ours: both.p95Ms, peer: null, ratio: null }, [
      `exact words alone: ${percent(exact.top1)} found`,
      `words: ${describe(words)}`,
      `words and their meaning: ${describe(both)}`,
      `words and local/english: ${describe(neural)}`,
      `words, their meaning, and local/english: ${describe(all)}; its vectors of all agents are there after ${format(all.indexSeconds)} s`,
      `a model that decides: ${describeShown(shown[0])}; with local/english ${describeShown(shown[1])}`,
      `the vectors are read in ${format(openMs)} ms`,
      `${costs.requests} requests that three can meet, an embedder that knows them: the chosen cost ${percent(costs.saved)} less than the most similar, declared quality ${format(costs.chosenQuality)} against ${format(costs.similarQuality)}, ${format(costs.chosenMs)} against ${format(costs.similarMs)} ms; ${costs.wrong} went elsewhere`,
    ]);
  },
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const describe = (report: Report): string => {
  const { top1, top3, right, wrong, missed, falseFinds, unanswerable, p50Ms, p95Ms } = report;
  return [
    `the right agent is named first for ${percent(top1)}, among the first three for ${percent(top3)}`,
    `given work: the right one ${right}, a wrong one ${wrong}, nobody ${missed}`,
    `of ${unanswerable} that nobody can meet ${falseFinds} found somebody`,
    `p50 ${format(p50Ms)}, p95 ${format(p95Ms)} ms`,
  ].join("; ");
};

const describeShown = (report: DeciderReport): string => {
  const { answerable, found, right, within, unanswerable, unanswerableAsked } = report;
  const ceilings = SHOWN.map((most, index) => `${within[index]} among ${most}`).join(", ");
  return [
    `of ${answerable} needs ${found} are found without it, ${right} rightly`,
    `of the other ${answerable - found} the right agent is shown for ${ceilings}, which no model betters`,
    `it is asked of ${unanswerableAsked} of ${unanswerable} that nobody can meet`,
  ].join("; ");
};

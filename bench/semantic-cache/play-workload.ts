// Plays a generated day of questions through the levels of the cache, with a model that costs, and says what each level saved. See README.md.
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import type { ModelResponse } from "@agentcore/contract/authoring";
import { type CacheSettings, ModelCache } from "@agentcore/core/caching";
import { createMemoryKeyValue, createMemoryVectorIndex } from "@agentcore/core/inprocess";
import { ManualClock } from "@agentcore/core/testing";
import { readWordVectors } from "./word-vectors.ts";
import { answerFromData, DAY, makeOrders, makeWorkload } from "./workload.ts";

const { values } = parseArgs({
  options: {
    vectors: { type: "string" },
    threshold: { type: "string", default: "0.77" },
    seed: { type: "string", default: String(DAY.seed) },
  },
});
const embedder = values.vectors === undefined ? null : readWordVectors(values.vectors);
const seed = Number(values.seed);

const DAY_MS = 10 * 3_600_000; // of work
const USD = 0.01; // a question, as in the platform's example of costs
const REASONING_TIMES = 3; // what an answer that is thought about costs more, where that is counted
const HOUR_MS = 3_600_000;
const digest = {
  sha256: (text: string) => createHash("sha256").update(text).digest("hex"),
  hmacSha256: () => {
    throw new Error("not asked for");
  },
};

console.log(
  `Seed ${seed}, ${DAY.questions} questions over ${DAY_MS / HOUR_MS} hours on two nodes, ` +
    `semantic level ${embedder === null ? "off" : `by ${embedder.name} at ${values.threshold}`}.\n`,
);
console.log(
  "| answers are kept for | an answer that is thought about costs | code, no model | memory | shared | content | semantic | asked | saved by the cache | saved in all | wrong |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const ttlMs of [HOUR_MS, DAY_MS]) for (const times of [1, REASONING_TIMES]) console.log(await play(ttlMs, times));

async function play(ttlMs: number, reasoningTimes: number): Promise<string> {
  const clock = new ManualClock();
  const keyValue = createMemoryKeyValue({ clock });
  const vectorIndex = createMemoryVectorIndex();
  const logger = { log: () => undefined };
  const nodes = [0, 1].map(() => new ModelCache({ keyValue, vectorIndex, clock, digest, logger, acrossNodes: true }));
  const orders = makeOrders(seed);
  const settings: CacheSettings = {
    ttlMs,
    ...(embedder === null ? {} : { semantic: { embedder, threshold: Number(values.threshold) } }),
  };
  const cost = { code: 0, memory: 0, shared: 0, content: 0, semantic: 0, model: 0 };
  let wrong = 0;
  for (const [place, { text, askedAs, topic }] of makeWorkload({ ...DAY, seed }).entries()) {
    await clock.advance(DAY_MS / DAY.questions);
    const usd = USD * (askedAs === "reasoning" ? reasoningTimes : 1);
    if (answerFromData(text, orders) !== null) {
      cost.code += usd;
      continue;
    }
    // Whom a balancer sends it to: as good as chance.
    const node = nodes[Number.parseInt(digest.sha256(`${place}`).slice(0, 2), 16) % 2];
    const outcome = await node?.answer(
      {
        ...{ tenantId: "company", model: "stub/model", settings, signal: new AbortController().signal },
        request: {
          messages: [
            { role: "system", content: "You help." },
            { role: "user", content: text },
          ],
        },
      },
      async () => ({ response: answerTo(topic ?? text, usd) }),
    );
    const level = outcome?.response.cache ?? "model";
    cost[level] += usd;
    if (outcome?.response.text !== answerTo(topic ?? text, usd).text) wrong += 1;
  }
  await Promise.all(nodes.map((node) => node.close()));
  const whole = Object.values(cost).reduce((sum, usd) => sum + usd, 0);
  const share = (usd: number): string => `${((100 * usd) / whole).toFixed(1)} %`;
  const cached = cost.memory + cost.shared + cost.content + cost.semantic;
  return `| ${[
    `${ttlMs / HOUR_MS} h`,
    `${reasoningTimes}×`,
    ...[cost.code, cost.memory, cost.shared, cost.content, cost.semantic, cost.model].map(share),
    // Of what the model would have cost without a cache.
    `${((100 * cached) / (whole - cost.code)).toFixed(1)} %`,
    share(cached + cost.code),
    wrong,
  ].join(" | ")} |`;
}

function answerTo(question: string, costUsd: number): ModelResponse {
  return {
    ...{ text: `The answer to: ${question}`, toolCalls: [], finishReason: "stop", costUsd },
    usage: { inputTokens: 20, outputTokens: 20 },
  };
}

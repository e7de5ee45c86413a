/** What discovery finds of the frozen requests: by exact words alone, by words, and by words and their meaning. */
import { readFileSync } from "node:fs";
import { AgentDiscovery, type DiscoveryDecider, type Finding } from "@agentcore/core/discovery";
import { createMemoryVectorIndex } from "@agentcore/core/inprocess";
import type { Embedder, WordVectors } from "@agentcore/core/ports";
import { AgentRegistry, createReplica } from "@agentcore/core/registry";
import { type Candidate, route } from "@agentcore/core/routing";
import { createFnvDigest, createRecordingLogger, ManualClock } from "@agentcore/core/testing";

interface AgentRow {
  readonly name: string;
  readonly description: string;
  readonly skills: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly tags: string[];
  }[];
  readonly costUsd: number;
  readonly latencyMs: number;
  readonly quality: number;
}

interface RequestRow {
  readonly need: string;
  /** Those who would do; empty: nobody can. */
  readonly want: readonly string[];
  /** They do the same, at different cost. */
  readonly alike?: boolean;
}

export type Half = "dev" | "test";

export interface Report {
  readonly requests: number;
  /** Shares of the requests that somebody can meet: who stands first, or among the first three, of all that are named. */
  readonly top1: number;
  readonly top3: number;
  /** Of those requests: somebody who can was chosen, somebody who cannot, nobody. */
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  readonly unanswerable: number;
  /** Of those that nobody can meet: somebody was found. */
  readonly falseFinds: number;
  /** Seconds until all agents can be found, of the first who asks. */
  readonly indexSeconds: number;
  /** Milliseconds of a search, all that is asked for the first time. */
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const rows = <Row>(file: string): Row[] =>
  readFileSync(new URL(`data/${file}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

export const requestsOf = (half: Half): readonly RequestRow[] => rows(`requests-${half}`);

export const openWorld = (
  wordVectors: WordVectors | null,
  embedder: Embedder | null = null,
  minSimilarity?: number,
  deciderOf?: () => DiscoveryDecider,
) => {
  const clock = new ManualClock();
  const registry = new AgentRegistry({ clock });
  for (const { name, description, skills, costUsd, latencyMs, quality } of rows<AgentRow>("agents"))
    registry.register({
      ...{ tenantId: "acme", name, revision: "1", description, skills, labels: {}, subscribes: [], idempotent: true },
      ...{ cost: costUsd, quality, replicas: [{ ...createReplica("r", "n"), latencyMs }] },
    });
  const logger = createRecordingLogger();
  const discovery = new AgentDiscovery({
    ...{ registry, clock, logger, digest: createFnvDigest() },
    wordVectors: async () => wordVectors,
    vectorIndex: createMemoryVectorIndex(),
    modelOf: () => (embedder === null ? null : { embedder, minSimilarity }),
    deciderOf,
  });
  const deciding = { admits: () => true, asker: { caller: "bench", agent: "", priority: "normal" } } as const;
  const find = (need: string): Promise<Finding> => discovery.find("acme", { need }, { deciding });
  /** As the bus does with nothing else to consider. */
  const choose = (need: string, candidates: readonly Candidate[]): string | undefined =>
    route({
      ...{ tenantId: "acme", target: `need:${need}`, candidates, now: clock.monotonic() },
      ...{ heartbeatTimeoutMs: 15_000, random: 0 },
    }).choice?.record.name;
  return { registry, find, choose };
};

export const measure = async (
  half: Half,
  wordVectors: WordVectors | null,
  embedder: Embedder | null = null,
  minSimilarity?: number,
): Promise<Report> => {
  const { find, choose } = openWorld(wordVectors, embedder, minSimilarity);
  const openedAt = performance.now();
  // The index is made by who asks first.
  await find("warm up");
  const indexSeconds = (performance.now() - openedAt) / 1_000;
  const counts = { top1: 0, top3: 0, right: 0, wrong: 0, missed: 0, falseFinds: 0 };
  const times: number[] = [];
  const requests = requestsOf(half);
  const unanswerable = requests.filter(({ want }) => want.length === 0).length;
  for (const { need, want } of requests) {
    const startedAt = performance.now();
    const { candidates, nearest } = await find(need);
    const chosen = candidates.length === 0 ? undefined : choose(need, candidates);
    times.push(performance.now() - startedAt);
    if (want.length === 0) {
      if (chosen !== undefined) counts.falseFinds += 1;
      continue;
    }
    const named = [...candidates.map(({ record }) => record.name), ...nearest.map(({ agent }) => agent)];
    if (want.includes(named[0] ?? "")) counts.top1 += 1;
    if (named.slice(0, 3).some((name) => want.includes(name))) counts.top3 += 1;
    if (chosen === undefined) counts.missed += 1;
    else if (want.includes(chosen)) counts.right += 1;
    else counts.wrong += 1;
  }
  const answerable = requests.length - unanswerable;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return {
    ...{ ...counts, requests: requests.length, unanswerable, indexSeconds },
    ...{ top1: counts.top1 / answerable, top3: counts.top3 / answerable, p50Ms: at(0.5), p95Ms: at(0.95) },
  };
};

/** How many of the nearest a model that decides may be shown. */
export const SHOWN = [3, 5, 10, 20] as const;

export interface DeciderReport {
  readonly answerable: number;
  /** Of those: found without it, and by whom it is then given to somebody who can. */
  readonly found: number;
  readonly right: number;
  /** Of those that are left: somebody who can is among as many as `SHOWN` says. No decider gets more of them right. */
  readonly within: readonly number[];
  /** Requests that nobody can meet, and of how many of them the model is asked. */
  readonly unanswerable: number;
  readonly unanswerableAsked: number;
}

/** What a model that decides is shown. It stands here for any, and so says nothing of how one chooses: nobody is ever chosen. */
export const measureShown = async (
  half: Half,
  wordVectors: WordVectors | null,
  embedder: Embedder | null = null,
): Promise<DeciderReport> => {
  const shown = new Map<string, readonly string[]>();
  const decider: DiscoveryDecider["decider"] = {
    name: "none",
    decide: async ({ need, agents }) => {
      const names = agents.map(({ name }) => name);
      shown.set(need, names);
      return { agent: null, reason: "" };
    },
  };
  const candidates = Math.max(...SHOWN);
  const { find, choose } = openWorld(wordVectors, embedder, undefined, () => ({ decider, candidates }));
  const counts = { answerable: 0, found: 0, right: 0, unanswerable: 0, unanswerableAsked: 0 };
  const within = SHOWN.map(() => 0);
  for (const { need, want } of requestsOf(half)) {
    const { candidates } = await find(need);
    const seen = shown.get(need);
    if (want.length === 0) {
      counts.unanswerable += 1;
      if (seen !== undefined) counts.unanswerableAsked += 1;
      continue;
    }
    counts.answerable += 1;
    if (candidates.length > 0) {
      counts.found += 1;
      if (want.includes(choose(need, candidates) ?? "")) counts.right += 1;
    }
    const rank = seen?.findIndex((name) => want.includes(name)) ?? -1;
    for (const [index, most] of SHOWN.entries()) if (rank >= 0 && rank < most) within[index] = (within[index] ?? 0) + 1;
  }
  return { ...counts, within };
};

/** How many requests are an agent's name, skill or tag. */
export const exactMatches = async (half: Half): Promise<{ readonly top1: number }> => {
  const { find } = openWorld(null);
  let found = 0;
  let answerable = 0;
  for (const { need, want } of requestsOf(half)) {
    if (want.length === 0) continue;
    answerable += 1;
    const { candidates, how } = await find(need);
    if (how[0]?.includes("exactly") === true && want.includes(candidates[0]?.record.name ?? "")) found += 1;
  }
  return { top1: found / answerable };
};

/**
 * Of the requests that a group of three can meet: what the chosen one costs, against the most similar one. An embedder that knows the groups stands in for a
 * good model: members are similar to a request to different degrees, between 0.8 and 1, that have nothing to do with cost.
 */
export const compareCosts = async () => {
  const requests = [...requestsOf("dev"), ...requestsOf("test")].filter(({ alike }) => alike === true);
  const groups = [...new Set(requests.map(({ want }) => want.join()))].map((names) => names.split(","));
  const noise = createFnvDigest();
  const embedder: Embedder = {
    name: "knows-the-groups",
    embed: async (_tenantId, texts) =>
      texts.map((text) => {
        // As an agent's text begins.
        const [name = ""] = text.replaceAll(" ", "-").split(".-");
        const want = requests.find(({ need }) => need === text)?.want;
        const group = groups.map((names) => (want === undefined ? names.includes(name) : names.join() === want.join()));
        const digits = noise.sha256(text).match(/../g) ?? [];
        return [
          ...group.map((isOne) => (isOne ? 1 : 0)),
          ...(want === undefined
            ? digits.slice(0, 8).map((pair) => Number.parseInt(pair, 16) / 700)
            : digits.slice(0, 8).map(() => 0)),
        ];
      }),
  };
  const { find, choose, registry } = openWorld(null, embedder);
  const sums = {
    chosenUsd: 0,
    similarUsd: 0,
    chosenQuality: 0,
    similarQuality: 0,
    chosenMs: 0,
    similarMs: 0,
    wrong: 0,
  };
  for (const { need, want } of requests) {
    const { candidates } = await find(need);
    const chosen = registry.byName("acme", choose(need, candidates) ?? "");
    const similar = candidates[0]?.record;
    if (chosen === undefined || similar === undefined || !want.includes(chosen.name)) {
      sums.wrong += 1;
      continue;
    }
    sums.chosenUsd += chosen.cost ?? 0;
    sums.similarUsd += similar.cost ?? 0;
    sums.chosenQuality += (chosen.quality ?? 0) / requests.length;
    sums.similarQuality += (similar.quality ?? 0) / requests.length;
    sums.chosenMs += (chosen.replicas[0]?.latencyMs ?? 0) / requests.length;
    sums.similarMs += (similar.replicas[0]?.latencyMs ?? 0) / requests.length;
  }
  return { requests: requests.length, ...sums, saved: 1 - sums.chosenUsd / sums.similarUsd };
};

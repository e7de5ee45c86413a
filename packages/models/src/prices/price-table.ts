/**
 * What well-known models cost and take, by what their vendors' pages said on the day of `asOf`; how each was checked is in docs/models.md. Where a
 * vendor sells cheaper for a while, the price that comes after stands here: a budget that is too careful holds.
 */
import type { ModelPrice, ModelProviderName } from "@agentcore/contract";

/** What stands for a whole request whose input has more than `above` tokens. */
export interface LongInputPrice extends ModelPrice {
  readonly above: number;
}

export interface ModelFacts {
  /** Without it, nobody is known to say what it costs. */
  readonly price?: ModelPrice | undefined;
  readonly longInput?: LongInputPrice | undefined;
  /** Tokens of input and output together. */
  readonly contextWindow?: number | undefined;
  /** Tokens of one answer. */
  readonly maxOutputTokens?: number | undefined;
  /** The day that it was looked up, as 2026-10-03. */
  readonly asOf: string;
}

export type PriceTable = ReadonlyMap<ModelProviderName, ReadonlyMap<string, ModelFacts>>;

/** Names of one model, its price for a million tokens, and what it takes. */
type Row = readonly [
  names: readonly string[],
  price: readonly [input: number, output: number, cachedInput?: number, cacheWrite?: number],
  size?: readonly [contextWindow: number, maxOutputTokens?: number] | undefined,
  longInput?: readonly [above: number, input: number, output: number, cachedInput?: number, cacheWrite?: number],
  /** @default AS_OF */
  asOf?: string,
];

const AS_OF = "2026-10-03";

const GPT_LARGE = [1_050_000, 128_000] as const;
const GPT_5 = [400_000, 128_000] as const;
const GPT_4_1 = [1_047_576, 32_768] as const;
const GPT_4O = [128_000, 16_384] as const;
const REASONING = [200_000, 100_000] as const;
const CLAUDE_1M = [1_000_000, 128_000] as const;
const CLAUDE_200K = [200_000, 64_000] as const;
const GEMINI = [1_048_576, 65_536] as const;

const OPENAI: readonly Row[] = [
  [["gpt-6-astra"], [10, 50, 1, 12.5], GPT_LARGE, [272_000, 20, 75, 2, 25]],
  [["gpt-6.1-sol"], [2, 10, 0.1, 2.5], undefined, [272_000, 4, 15, 0.2, 5]],
  [["gpt-6-sol"], [2, 10, 0.2, 2.5], GPT_LARGE, [272_000, 4, 15, 0.4, 5]],
  [["gpt-6-luna"], [0.1, 0.5, 0.01, 0.125], GPT_LARGE, [272_000, 0.2, 0.75, 0.02, 0.25]],
  // For a while at 4 and 20 dollars.
  [["gpt-5.6-sol"], [5, 30, 0.5, 6.25], GPT_LARGE, [272_000, 10, 45, 1, 12.5]],
  [["gpt-5.6-terra"], [2, 12, 0.2, 2.5], GPT_LARGE, [272_000, 4, 18, 0.4, 5]],
  // Long input begins at 200,000 or at 272,000 tokens, by which page one reads.
  [["gpt-5.6-luna"], [0.2, 1.2, 0.02, 0.25], GPT_LARGE, [200_000, 0.4, 1.8, 0.04, 0.5]],
  [["gpt-5.5"], [5, 30, 0.5], GPT_LARGE, [272_000, 10, 45, 1]],
  [["gpt-5.5-pro"], [30, 180], undefined, [272_000, 60, 270]],
  [["gpt-5.4"], [2.5, 15, 0.25], GPT_LARGE, [272_000, 5, 22.5, 0.5]],
  [["gpt-5.4-pro"], [30, 180], undefined, [272_000, 60, 270]],
  [["gpt-5.4-mini"], [0.75, 4.5, 0.075], GPT_5],
  [["gpt-5.4-nano"], [0.2, 1.25, 0.02]],
  [["gpt-5.3-codex"], [1.75, 14, 0.175], GPT_5],
  [["gpt-5.2"], [1.75, 14, 0.175], GPT_5],
  [["gpt-5.2-pro"], [21, 168]],
  [["gpt-5.1"], [1.25, 10, 0.125]],
  [["gpt-5"], [1.25, 10, 0.125], GPT_5],
  [["gpt-5-mini"], [0.25, 2, 0.025], GPT_5],
  [["gpt-5-nano"], [0.05, 0.4, 0.005], GPT_5],
  [["gpt-5-pro"], [15, 120]],
  [["gpt-4.1"], [2, 8, 0.5], GPT_4_1],
  [["gpt-4.1-mini"], [0.4, 1.6, 0.1], GPT_4_1],
  [["gpt-4.1-nano"], [0.1, 0.4, 0.025], GPT_4_1],
  [["gpt-4o"], [2.5, 10, 1.25], GPT_4O],
  [["gpt-4o-2024-05-13"], [5, 15], [128_000, 4_096]],
  [["gpt-4o-mini"], [0.15, 0.6, 0.075], GPT_4O],
  [["o3"], [2, 8, 0.5], REASONING],
  [["o3-pro"], [20, 80]],
  [["o4-mini"], [1.1, 4.4, 0.275], REASONING],
  [["o3-mini"], [1.1, 4.4, 0.55], REASONING],
  [["o1"], [15, 60, 7.5], REASONING],
  [["gpt-3.5-turbo"], [0.5, 1.5]],
  [["text-embedding-3-small"], [0.02, 0]],
  [["text-embedding-3-large"], [0.13, 0]],
];

const ANTHROPIC: readonly Row[] = [
  [["claude-fable-5-1"], [10, 50, 0.25, 12.5], CLAUDE_1M],
  [["claude-fable-5"], [10, 50, 1, 12.5], CLAUDE_1M],
  [["claude-opus-5-5"], [4, 20, 0.2, 5], CLAUDE_1M],
  [["claude-opus-5"], [5, 25, 0.5, 6.25], CLAUDE_1M],
  [["claude-opus-4-8"], [5, 25, 0.5, 6.25], CLAUDE_1M],
  [["claude-opus-4-7"], [5, 25, 0.5, 6.25], CLAUDE_1M],
  [["claude-opus-4-6"], [5, 25, 0.5, 6.25], CLAUDE_1M],
  [["claude-opus-4-5"], [5, 25, 0.5, 6.25], CLAUDE_200K],
  [["claude-opus-4-1"], [15, 75, 1.5, 18.75]],
  [["claude-sonnet-5-5"], [2, 10, 0.2, 2.5], CLAUDE_1M],
  [["claude-sonnet-5"], [2, 10, 0.2, 2.5], CLAUDE_1M],
  [["claude-sonnet-4-6"], [3, 15, 0.3, 3.75], [1_000_000, 64_000]],
  [["claude-sonnet-4-5"], [3, 15, 0.3, 3.75], CLAUDE_200K],
  [
    ["claude-sonnet-4", "claude-sonnet-4-0"],
    [3, 15, 0.3, 3.75],
  ],
  [["claude-haiku-5-5"], [0.1, 0.5, 0.01, 0.125], CLAUDE_1M, [100_000, 0.5, 2.5, 0.05, 0.625], "2026-10-09"],
  [["claude-haiku-4-5"], [1, 5, 0.1, 1.25], CLAUDE_200K],
];

const GOOGLE: readonly Row[] = [
  // Until the end of 2026 at half of it.
  [["gemini-3.8-flash"], [1.5, 7.5, 0.15], GEMINI],
  [["gemini-3.7-flash"], [1.5, 7.5, 0.15]],
  [["gemini-3.6-flash"], [1.5, 7.5, 0.15]],
  [["gemini-3.5-flash"], [1.5, 9, 0.15], GEMINI],
  [["gemini-3.5-flash-lite"], [0.3, 2.5, 0.03]],
  [["gemini-3.1-pro-preview"], [2, 12, 0.2], GEMINI, [200_000, 4, 18, 0.4]],
  [["gemini-3.1-flash-lite"], [0.25, 1.5, 0.025], GEMINI],
  [["gemini-3-flash-preview"], [0.5, 3, 0.05], GEMINI],
  [["gemini-2.5-pro"], [1.25, 10, 0.125], GEMINI, [200_000, 2.5, 15, 0.25]],
  [["gemini-2.5-flash"], [0.3, 2.5, 0.03], GEMINI],
  [["gemini-2.5-flash-lite"], [0.1, 0.4, 0.01], GEMINI],
];

const MISTRAL: readonly Row[] = [
  [["mistral-large-latest", "mistral-large-2512"], [0.5, 1.5, 0.05], [256_000]],
  [["mistral-medium-latest", "mistral-medium-3.5", "mistral-medium-2604"], [1.5, 7.5, 0.15], [256_000]],
  [["mistral-small-latest", "mistral-small-2603"], [0.15, 0.6, 0.015], [256_000]],
  [
    ["codestral-latest", "codestral-2508"],
    [0.3, 0.9, 0.03],
  ],
  [["ministral-14b-latest", "ministral-14b-2512"], [0.2, 0.2, 0.02], [256_000]],
  [
    ["ministral-8b-latest", "ministral-8b-2512"],
    [0.15, 0.15, 0.015],
  ],
  [["ministral-3b-latest", "ministral-3b-2512"], [0.1, 0.1, 0.01], [256_000]],
];

/** Nobody is paid for what the node computes itself. */
const LOCAL: readonly Row[] = [[["english"], [0, 0]]];

const priceOf = ([input, output, cachedInput, cacheWrite]: readonly [
  ...(readonly [input: number, output: number]),
  cachedInput?: number | undefined,
  cacheWrite?: number | undefined,
]): ModelPrice => ({
  ...{ input, output },
  ...(cachedInput === undefined ? {} : { cachedInput }),
  ...(cacheWrite === undefined ? {} : { cacheWrite }),
});

const factsOf = ([, price, size, long, asOf = AS_OF]: Row): ModelFacts => ({
  price: priceOf(price),
  ...(long === undefined ? {} : { longInput: { above: long[0], ...priceOf([long[1], long[2], long[3], long[4]]) } }),
  ...(size === undefined ? {} : { contextWindow: size[0] }),
  ...(size?.[1] === undefined ? {} : { maxOutputTokens: size[1] }),
  asOf,
});

const tableOf = (rows: readonly Row[]): ReadonlyMap<string, ModelFacts> =>
  new Map(rows.flatMap((row) => row[0].map((name) => [name, factsOf(row)] as const)));

/** The endpoints of Bedrock that are bound to a region cost a tenth more than Anthropic itself, as both say; the global ones the same. */
const REGIONAL = 1.1;

const regional = (price: ModelPrice): ModelPrice => {
  const times = (usd: number): number => Math.round(usd * REGIONAL * 1e6) / 1e6;
  return {
    ...{ input: times(price.input), output: times(price.output) },
    ...(price.cachedInput === undefined ? {} : { cachedInput: times(price.cachedInput) }),
    ...(price.cacheWrite === undefined ? {} : { cacheWrite: times(price.cacheWrite) }),
  };
};

/** From 4.5 on; older ones have prices of Bedrock's own. */
const ON_BEDROCK = /^claude-(fable|opus-(4-[5-9]|5)|sonnet-(4-[5-9]|5)|haiku)/;

const bedrock = (anthropic: ReadonlyMap<string, ModelFacts>): ReadonlyMap<string, ModelFacts> =>
  new Map(
    [...anthropic].flatMap(([name, facts]) => {
      if (!ON_BEDROCK.test(name) || facts.price === undefined) return [];
      return [
        [`global.anthropic.${name}`, facts],
        [
          `anthropic.${name}`,
          {
            ...facts,
            price: regional(facts.price),
            ...(facts.longInput === undefined
              ? {}
              : { longInput: { above: facts.longInput.above, ...regional(facts.longInput) } }),
          },
        ],
      ] as const;
    }),
  );

/** Of deployments that have the name of their model. What Azure takes for them differs, and could not be checked. */
const azure = (openai: ReadonlyMap<string, ModelFacts>): ReadonlyMap<string, ModelFacts> =>
  new Map(
    [...openai].flatMap(([name, { contextWindow, maxOutputTokens, asOf }]) =>
      contextWindow === undefined ? [] : [[name, { contextWindow, maxOutputTokens, asOf }] as const],
    ),
  );

const openai = tableOf(OPENAI);
const anthropic = tableOf(ANTHROPIC);

export const PRICE_TABLE: PriceTable = new Map([
  ["openai", openai],
  ["anthropic", anthropic],
  ["google", tableOf(GOOGLE)],
  ["mistral", tableOf(MISTRAL)],
  ["bedrock", bedrock(anthropic)],
  ["azure", azure(openai)],
  ["local", tableOf(LOCAL)],
]);

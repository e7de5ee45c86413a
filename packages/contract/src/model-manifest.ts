/** `kind: Model`: how a model is reached, or which of several is asked. */
import { z } from "zod";
import { DurationText } from "./duration.ts";
import { Headers, HttpUrl, SecretVariable } from "./manifest-parts.ts";

export const MODEL_PROVIDERS = [
  ...([
    "openai",
    "anthropic",
    "google",
    "azure",
    "bedrock",
    "mistral",
    "ollama",
    "local",
    "openai-compatible",
  ] as const),
] as const;
export type ModelProviderName = (typeof MODEL_PROVIDERS)[number];

/** A Model manifest, or `provider/model`. */
export const ModelName = z
  .string()
  .max(256)
  .regex(/^[a-z0-9][a-z0-9-]*(\/[^\s/][^\s]*)?$/, {
    error: "expected the name of a Model manifest, or provider/model, as openai/gpt-5-mini",
  });

/** US dollars for a million tokens. */
export const ModelPrice = z.strictObject({
  input: z.number().min(0).max(10_000),
  output: z.number().min(0).max(10_000),
  /** Of input read from the provider's prompt cache. @default as input */
  cachedInput: z.number().min(0).max(10_000).optional(),
  /** Of input written to it. @default as input */
  cacheWrite: z.number().min(0).max(10_000).optional(),
});
export type ModelPrice = z.infer<typeof ModelPrice>;

/** Over all nodes of one database. */
const ModelLimits = z.strictObject({
  requestsPerMinute: z.int().min(1).max(10_000_000).optional(),
  /** Input and output together. */
  tokensPerMinute: z.int().min(1).max(10_000_000_000).optional(),
  /** Calls under way at once, of each node. */
  concurrency: z.int().min(1).max(100_000).optional(),
});
export type ModelLimits = z.infer<typeof ModelLimits>;

const ModelCache = z.strictObject({
  /** How long an answer is kept. @default 1h */
  ttl: DurationText.optional(),
  /** Answers to questions that mean the same. @default none */
  semantic: z
    .strictObject({
      /** The model that makes vectors of text. */
      embedder: ModelName,
      /** Least similarity, from 0 to 1. @default 0.85 */
      threshold: z.number().min(0).max(1).optional(),
      /** Share of its hits that the model is asked about all the same, to see whether they are right. @default 0.02 */
      shadowShare: z.number().min(0).max(1).optional(),
      /** Share of wrong hits that is borne; above it, by Wilson's upper bound, the level is off. @default 0.01 */
      maxWrongShare: z.number().min(0).max(1).optional(),
    })
    .optional(),
});
export type ModelCacheSpec = z.infer<typeof ModelCache>;

const MAX_CANDIDATES = 20;

/** One of the models that a choice is made among. */
const ModelCandidate = z.strictObject({
  model: ModelName,
  /** In CEL over `request`: only where it holds. @default always */
  when: z.string().min(1).max(4096).optional(),
});

export const ModelSpec = z
  .strictObject({
    /** @default "openai-compatible" */
    provider: z.enum(MODEL_PROVIDERS, { error: `expected one of ${MODEL_PROVIDERS.join(", ")}` }).optional(),
    /** The model's name at the provider; of Azure the deployment. */
    model: z.string().min(1).max(256).optional(),
    /** @default the provider's own, where it has one */
    baseUrl: HttpUrl.optional(),
    /** Several of one kind, in place of `baseUrl`: calls go to one that is healthy and has the model. */
    hosts: z.array(HttpUrl).min(1).max(50).optional(),
    /** Which host, by what was measured: the fastest, the one that fails least, or the least busy of both. @default "balance" */
    prefer: z.enum(["speed", "reliability", "balance"]).optional(),
    /** The environment variable that holds the key. @default the provider's own, where it has one and nothing here says where it is */
    apiKeyEnv: SecretVariable.optional(),
    /** Several keys of one kind, in place of `apiKeyEnv`: calls are spread over them, and limits hold for each. */
    apiKeyEnvs: z.array(SecretVariable).min(1).max(50).optional(),
    headers: Headers.optional(),
    /** What the provider wants to know besides: Azure's `resourceName` and `apiVersion`, Bedrock's `region`, OpenAI's `organization` and `project`. */
    settings: z.record(z.string().max(64), z.string().max(256)).optional(),
    /** Milliseconds one call may take. @default 120000 */
    timeoutMs: z.int().positive().max(3_600_000).optional(),
    /** Milliseconds up to the first token of a stream. @default as timeoutMs */
    firstTokenTimeoutMs: z.int().positive().max(3_600_000).optional(),
    /** @default that of the table of prices, if it knows the model */
    price: ModelPrice.optional(),
    /** Tokens of input and output together. @default as the table of prices knows it */
    contextWindow: z.int().min(1).max(100_000_000).optional(),
    /** Tokens of one answer. @default as the table knows it, else 4096 where a budget or a limit on tokens needs a bound */
    maxOutputTokens: z.int().min(1).max(10_000_000).optional(),
    /** How good its answers are, 0 to 1, for the choice among several. @default 0.75 */
    quality: z.number().min(0).max(1).optional(),
    limits: ModelLimits.optional(),
    cache: ModelCache.optional(),
    /** In place of a provider: the models to choose among. */
    candidates: z.array(ModelCandidate).min(1).max(MAX_CANDIDATES).optional(),
    /** Of candidates: the first that may, or the best by that measure; `balanced` weighs them. @default "first" */
    choose: z.enum(["first", "cheapest", "fastest", "best", "balanced"]).optional(),
    /** Of `balanced`. @default { cost: 0.4, latency: 0.3, quality: 0.3 } */
    weights: z
      .strictObject({
        cost: z.number().min(0).max(1).optional(),
        latency: z.number().min(0).max(1).optional(),
        quality: z.number().min(0).max(1).optional(),
      })
      .optional(),
    /** Asked one after another when this one cannot answer. */
    fallback: z.array(ModelName).max(MAX_CANDIDATES).optional(),
  })
  .superRefine((spec, context) => {
    const refuse = (member: keyof typeof spec, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (spec.candidates !== undefined) {
      for (const member of OF_ENDPOINTS)
        if (spec[member] !== undefined) refuse(member, "says nothing about a choice among candidates");
      if (spec.weights !== undefined && spec.choose !== "balanced")
        refuse("weights", "expected choose: balanced beside it");
      return;
    }
    if (spec.model === undefined) refuse("model", "expected the model's name at the provider, or candidates");
    for (const member of ["choose", "weights"] as const)
      if (spec[member] !== undefined) refuse(member, "expected candidates beside it");
    const isCompatible = (spec.provider ?? "openai-compatible") === "openai-compatible";
    if (isCompatible && spec.baseUrl === undefined && spec.hosts === undefined)
      refuse("baseUrl", "expected an http:// or https:// address");
    if (spec.baseUrl !== undefined && spec.hosts !== undefined) refuse("hosts", "expected either baseUrl or hosts");
    if (spec.prefer !== undefined && spec.hosts === undefined) refuse("prefer", "expected hosts beside it");
    if (spec.apiKeyEnv !== undefined && spec.apiKeyEnvs !== undefined)
      refuse("apiKeyEnvs", "expected either apiKeyEnv or apiKeyEnvs");
    if (spec.provider === "local")
      for (const member of OF_ADDRESSES)
        if (spec[member] !== undefined) refuse(member, "says nothing about a model that runs within the node");
  });
export type ModelSpec = z.infer<typeof ModelSpec>;

const OF_ADDRESSES = ["baseUrl", "hosts", "apiKeyEnv", "apiKeyEnvs", "headers", "settings"] as const;
const OF_ENDPOINTS = [
  ...(["provider", "model", "prefer", ...OF_ADDRESSES] as const),
  ...(["timeoutMs", "firstTokenTimeoutMs", "price", "contextWindow", "maxOutputTokens", "quality", "limits"] as const),
] as const;

/** Answers of models that declare a cache: the one that is kept, or as the model is asked. */
import { type ModelSpec, parseDuration } from "@agentcore/contract";
import type { ModelRequest } from "@agentcore/contract/authoring";
import type { CacheSettings, ModelCache } from "@agentcore/core/caching";
import { nanoUsdOf } from "@agentcore/core/governance";
import type { Embedder, Ids, ModelCall } from "@agentcore/core/ports";
import type { ChainModel } from "../choice/resolve-chain.ts";
import { chainOf, factsOfCall } from "./answer-call.ts";
import { type AskParts, askChat, type ChatAnswer } from "./ask-chat.ts";
import { settleAnswered } from "./ask-in-turn.ts";
import { askVectors } from "./ask-vectors.ts";
import { observeKept } from "./observe-target.ts";
import { cacheHitRecord } from "./usage-record.ts";

export interface KeepParts extends AskParts {
  readonly cache: ModelCache;
  readonly ids: Pick<Ids, "next">;
  /** Of each manifest, made once. */
  readonly keeping: WeakMap<ModelSpec, Keeping>;
}

/** How answers under a name are kept. */
export interface Keeping {
  readonly name: string;
  readonly spec: ModelSpec;
  readonly settings: CacheSettings;
  /** What answers under the name, for keys of the cache. */
  readonly identity: string;
}

/** Null: it declares no cache. */
export const keepingOf = (parts: KeepParts, name: string, spec: ModelSpec | null): Keeping | null => {
  if (spec?.cache === undefined) return null;
  const known = parts.keeping.get(spec);
  if (known?.name === name) return known;
  const made = { name, spec, settings: settingsOf(parts, spec.cache), identity: identityOf(name, spec) };
  parts.keeping.set(spec, made);
  return made;
};

export const answerKept = async (
  parts: KeepParts,
  keeping: Keeping,
  request: ModelRequest,
  call: ModelCall,
): Promise<ChatAnswer> => {
  const { name, settings } = keeping;
  let isHeard = false;
  const { response, produced, savedUsd } = await parts.cache.answer(
    { tenantId: call.tenantId, model: await identityFor(parts, keeping, call), request, settings, signal: call.signal },
    async (signal) => {
      isHeard = true;
      const made = await askChat(parts, keeping, request, { ...call, signal, onText: whileAsked(call) });
      // Nobody is left to settle it.
      if (signal.aborted) await settleAnswered(parts, call, name, made.settlement);
      return made;
    },
  );
  // What another has asked for was streamed to that one.
  if (produced === null || !isHeard) call.onText?.(response.text, true);
  if (produced !== null) return produced;
  observeKept(parts.observer, { name, call, request }, response);
  const usage = cacheHitRecord(call, name, savedUsd === null ? 0 : nanoUsdOf(savedUsd), parts.clock.now());
  const decision = { choice: name, reasons: [`the answer was kept: ${response.cache}`] };
  return { response, decision, settlement: { key: null, amounts: [], usage } };
};

const settingsOf = (parts: KeepParts, { ttl, semantic }: NonNullable<ModelSpec["cache"]>): CacheSettings => ({
  ...(ttl === undefined ? {} : { ttlMs: parseDuration(ttl) ?? undefined }),
  ...(semantic === undefined ? {} : { semantic: { ...semantic, embedder: embedderOf(parts, semantic.embedder) } }),
});

/** Of questions that may be answered by what others asked. Nobody in particular asks; the tenant pays. */
const embedderOf = (parts: KeepParts, model: string): Embedder => ({
  name: model,
  embed: async (tenantId, texts, { signal }) => {
    const id = `embed/${parts.ids.next()}`;
    const call: ModelCall = { tenantId, id, agent: "", labels: {}, caller: "", priority: "normal", signal };
    return (await askVectors(parts, { model, texts }, call)).vectors;
  },
});

/** Of a manifest: what changes no answer. */
const OF_NO_ANSWER: ReadonlySet<string> = new Set<keyof ModelSpec>([
  ...(["apiKeyEnv", "apiKeyEnvs", "timeoutMs", "firstTokenTimeoutMs", "price", "limits", "cache"] as const),
]);

/**
 * Another manifest, another answer, but for those of models that it chooses among, whose answers stay until their time ends. What a call costs and how
 * long it may take changes no answer.
 */
const identityOf = (name: string, spec: ModelSpec): string =>
  JSON.stringify([name, Object.entries(spec).filter(([member]) => !OF_NO_ANSWER.has(member))]);

/** A choice by who asks is another for each of them. */
const identityFor = async (parts: KeepParts, { name, spec, identity }: Keeping, call: ModelCall): Promise<string> => {
  const isChoice = spec.candidates !== undefined || spec.fallback !== undefined;
  if (!isChoice || !hasConditions(await chainOf(parts, name, { name, spec }, call.tenantId))) return identity;
  return `${identity} ${JSON.stringify(factsOfCall(call))}`;
};

/** Whether it may depend on who asks which model answers, however many choices stand between. */
const hasConditions = ({ candidates, fallback }: ChainModel): boolean =>
  candidates.some(({ model, when }) => when !== undefined || hasConditions(model)) || fallback.some(hasConditions);

/** Of one who has left, the call may go on for others. */
const whileAsked = ({ onText, signal }: ModelCall): ModelCall["onText"] =>
  onText &&
  ((text, begin) => {
    if (!signal.aborted) onText(text, begin);
  });

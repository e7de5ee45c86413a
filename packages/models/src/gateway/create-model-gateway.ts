/**
 * Where all model calls of a node pass:
 *
 *   name → cache → chain of models → choice → one pass over their targets (ask-in-turn.ts) → answer
 *
 * A pass whose targets are all at their limits waits for the first of them, and one whose budget calls under way hold waits for these: for a minute at
 * most. A budget that wants another model asked begins anew with that one. Anything else that fails goes to the caller, who may try again.
 */
import { type ModelSpec, parseDuration } from "@agentcore/contract";
import type { ModelRequest, ModelResponse, Reasoned } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { CacheSettings, ModelCache } from "@agentcore/core/caching";
import { budgetExceeded, degradesTo, nanoUsdOf } from "@agentcore/core/governance";
import type { Embedder, Ids, ModelAnswer, ModelCall, Settlement } from "@agentcore/core/ports";
import { boundOf } from "../call/bound-of.ts";
import { countBytes } from "../call/count-bytes.ts";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { chooseTargets, type ModelChoice, noModelLeft } from "../choice/choose-targets.ts";
import { ModelConditions, type RequestFacts } from "../choice/model-conditions.ts";
import { type ChainModel, type NamedModel, resolveChain } from "../choice/resolve-chain.ts";
import type { Environment } from "../environment.ts";
import type { Embeddings, EmbedRequest, ModelGateway } from "../model-gateway.ts";
import type { ModelObserver } from "../model-observer.ts";
import type { ModelTarget } from "../model-target.ts";
import { targetsOf } from "../names/targets-of.ts";
import { factsOf } from "../prices/price-of.ts";
import {
  askInTurn,
  type FailedTry,
  type Performed,
  settleAnyway,
  type TokenBound,
  type TurnAnswer,
  type TurnParts,
} from "./ask-in-turn.ts";
import { listModels } from "./list-models.ts";
import { observeKept, observeTarget } from "./observe-target.ts";
import { cacheHitRecord } from "./usage-record.ts";

export interface ModelGatewayOptions extends TurnParts {
  /** Of the Model manifest of that name in the tenant, or null. */
  readonly lookup: (tenantId: string, name: string) => Promise<ModelSpec | null>;
  /** Names of the tenant's Model manifests. */
  readonly names: (tenantId: string) => Promise<readonly string[]>;
  readonly env: Environment;
  readonly caller: TargetCaller;
  /** What stands in its place for calls of a tenant, as what records them. @default the caller itself */
  readonly wrapCall?: ((caller: TargetCaller, tenantId: string) => TargetCaller) | undefined;
  /** Hears of each target that is asked, and of answers of the cache. @default nobody does */
  readonly observer?: ModelObserver | undefined;
  readonly cache: ModelCache;
  readonly ids: Pick<Ids, "next">;
}

// A limit a minute is free again after a minute at most.
const MAX_LIMIT_WAIT_MS = 60_000;
// Calls that wait for a limit, all together: each is a task in memory.
const MAX_WAITING = 10_000;
const DEFAULT_MAX_OUTPUT_TOKENS = 4096;

/** What a call names, and what its manifest says, which is read once. */
interface Known {
  readonly name: string;
  readonly spec: ModelSpec | null;
}

/** One kind of call: how it is bounded, and how a target is asked. */
interface Asking<Result> {
  readonly facts: RequestFacts;
  boundOf(target: ModelTarget): TokenBound;
  mayGoOn(): boolean;
  perform(target: ModelTarget, mostOutput: number | undefined): Promise<Performed<Result>>;
}

interface Answered<Result> extends TurnAnswer<Result> {
  readonly decision: Reasoned | undefined;
  /** A budget had another model asked than the one that was named. */
  readonly isInstead: boolean;
}

interface Produced {
  readonly response: ModelResponse;
  readonly decision?: Reasoned | undefined;
  readonly settlement: Settlement;
  readonly mayKeep?: boolean;
}

export const createModelGateway = (options: ModelGatewayOptions): ModelGateway => {
  const { lookup, names, env, caller, wrapCall = (same) => same, cache, budgets, guard, prices, clock, ids } = options;
  const conditions = new ModelConditions();
  let waiting = 0;

  const named = (name: string, spec: ModelSpec | null): NamedModel => {
    if (spec === null) return { targets: targetsOf(name, null, env) };
    const { candidates, choose, weights, fallback } = spec;
    const choosing = {
      ...(candidates === undefined ? {} : { candidates }),
      ...(choose === undefined ? {} : { choose }),
      ...(weights === undefined ? {} : { weights }),
      ...(fallback === undefined ? {} : { fallback }),
    };
    return { targets: candidates === undefined ? targetsOf(name, spec, env) : [], ...choosing };
  };

  const chainOf = (name: string, known: Known, tenantId: string): Promise<ChainModel> =>
    resolveChain(name, async (at) => named(at, at === known.name ? known.spec : await lookup(tenantId, at)));

  const choose = async (name: string, known: Known, call: ModelCall, facts: RequestFacts): Promise<ModelChoice> => {
    const chain = await chainOf(name, known, call.tenantId);
    await guard.prepare(call.tenantId, chain, call.signal);
    return chooseTargets({
      chain,
      request: facts,
      conditions: await conditions.of(chain),
      table: prices,
      stateOf: (target) => guard.stateOf(call.tenantId, target),
    });
  };

  const answer = async <Result>(
    known: Known,
    call: ModelCall,
    { facts, ...asking }: Asking<Result>,
  ): Promise<Answered<Result>> => {
    const endsAt = clock.monotonic() + MAX_LIMIT_WAIT_MS;
    const asked = new Set([known.name]);
    const instead: string[] = [];
    let { name } = known;
    for (;;) {
      const choice = await choose(name, known, call, facts);
      if (choice.order.length === 0) throw noModelLeft(name, choice);
      const order = choice.order.flatMap(({ targets }) => guard.inOrder(call.tenantId, targets));
      const outcome = await askInTurn(options, { call, order, ...asking });
      if (outcome.outcome === "answered") {
        const reasons = [...instead, ...choice.reasons, ...outcome.answer.passedOver];
        const decision = decisionOf(outcome.answer.target, choice, reasons);
        return { ...outcome.answer, decision, isInstead: instead.length > 0 };
      }
      if (outcome.outcome === "exceeded") {
        const { exceeded, target } = outcome;
        if (exceeded.spent + exceeded.asked <= exceeded.ceiling) {
          await waitFor(heldByOthers(target.name, exceeded.account.budget.name, waiting), endsAt, call.signal);
          continue;
        }
        const degraded = degradesTo(exceeded);
        const error = budgetExceeded(target.name, exceeded);
        if (degraded === null || asked.has(degraded)) throw error;
        asked.add(degraded);
        instead.push(`${degraded} is asked instead of ${name}: ${error.message}`);
        name = degraded;
        continue;
      }
      const error = unanswered(name, outcome.tries);
      if (!outcome.tries.every(({ because }) => because === "limited")) throw error;
      await waitFor(error, endsAt, call.signal);
    }
  };

  /** Throws the error, unless it says that it passes soon. */
  const waitFor = async (error: PlatformError, endsAt: number, signal: AbortSignal): Promise<void> => {
    const waitMs = error.retryAfterMs;
    if (waitMs === undefined || clock.monotonic() + waitMs > endsAt || waiting >= MAX_WAITING) throw error;
    waiting += 1;
    try {
      await pause(waitMs, signal);
    } finally {
      waiting -= 1;
    }
  };

  const pause = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = clock.after(ms, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });

  const generateBy = async (
    target: ModelTarget,
    request: ModelRequest,
    { tenantId, signal, onText }: ModelCall,
  ): Promise<Performed<ModelResponse>> => {
    let isBegun = false;
    const { response, firstTokenMs, durationMs } = await wrapCall(caller, tenantId).call(target, request, {
      signal,
      onText:
        onText &&
        ((text) => {
          onText(text, !isBegun);
          isBegun = true;
        }),
    });
    return { result: response, usage: response.usage, firstTokenMs, durationMs };
  };

  const embedBy = async (
    target: ModelTarget,
    texts: readonly string[],
    { tenantId, signal }: ModelCall,
  ): Promise<Performed<Embeddings["vectors"]>> => {
    const { vectors, usage, durationMs } = await wrapCall(caller, tenantId).embed(target, texts, { signal });
    return { result: vectors, usage, durationMs };
  };

  const produce = async (known: Known, request: ModelRequest, asked: ModelCall): Promise<Produced> => {
    const input = boundOf(request);
    let hasTold = false;
    const onText =
      asked.onText &&
      ((text: string, begin: boolean): void => {
        hasTold = true;
        asked.onText?.(text, begin);
      });
    const call = { ...asked, onText };
    const answered = await answer(known, call, {
      facts: { ...factsOfCall(call), ...factsOfRequest(request) },
      boundOf: (target) => ({ inputTokens: input, outputTokens: mostOutputOf(target, request) }),
      // A task's artifact begins anew; what a door has sent on stays sent.
      mayGoOn: () => !hasTold || call.task !== undefined,
      perform: (target, mostOutput) => {
        const bounded = mostOutput === undefined ? request : { ...request, maxOutputTokens: mostOutput };
        const observed = { target, call, request: bounded, isStreamed: call.onText !== undefined };
        const ask = () => generateBy(target, bounded, call);
        return observeTarget(options, { operation: "chat", ...observed }, ask, (response) => response);
      },
    });
    const { result, costUsd, decision, settlement, isInstead } = answered;
    return {
      response: { ...result, ...(costUsd === undefined ? {} : { costUsd }) },
      ...{ decision, settlement, mayKeep: !isInstead && !isFallback(known, answered.target) },
    };
  };

  const settleAnswered = (call: ModelCall, name: string, settlement: Settlement): Promise<void> =>
    settleAnyway(options, call, `an answered call of model ${name}`, settlement);

  /** From the cache of the model, or as `produce`. */
  const answerKept = async (
    { name, spec, settings }: { readonly name: string; readonly spec: ModelSpec; readonly settings: CacheSettings },
    request: ModelRequest,
    call: ModelCall,
  ): Promise<Produced> => {
    let isHeard = false;
    const isChoice = spec.candidates !== undefined || spec.fallback !== undefined;
    const isByCall = isChoice && hasConditions(await chainOf(name, { name, spec }, call.tenantId));
    const model = identityOf(name, spec, isByCall ? factsOfCall(call) : null);
    const { response, produced, savedUsd } = await cache.answer(
      { tenantId: call.tenantId, model, request, settings, signal: call.signal },
      async (signal) => {
        isHeard = true;
        const made = await produce({ name, spec }, request, { ...call, signal, onText: whileAsked(call) });
        // Nobody is left to settle it.
        if (signal.aborted) await settleAnswered(call, name, made.settlement);
        return made;
      },
    );
    // What another has asked for was streamed to that one.
    if (produced === null || !isHeard) call.onText?.(response.text, true);
    if (produced !== null) return produced;
    observeKept(options.observer, { name, call, request }, response);
    const usage = cacheHitRecord(call, name, savedUsd === null ? 0 : nanoUsdOf(savedUsd), clock.now());
    const decision = { choice: name, reasons: [`the answer was kept: ${response.cache}`] };
    return { response, decision, settlement: { key: null, amounts: [], usage } };
  };

  const embed = async ({ model, texts }: EmbedRequest, call: ModelCall): Promise<Embeddings> => {
    const inputTokens = texts.reduce((bytes, text) => bytes + Buffer.byteLength(text) + PER_TEXT, 0);
    const known = { name: model, spec: await lookup(call.tenantId, model) };
    const answered = await answer(known, call, {
      facts: { ...factsOfCall(call), inputTokens: Math.ceil(inputTokens / BYTES_A_TOKEN), tools: 0, json: false },
      boundOf: () => ({ inputTokens, outputTokens: 0 }),
      mayGoOn: () => true,
      perform: (target) => {
        const ask = () => embedBy(target, texts, call);
        const observed = { operation: "embeddings", target, call, isStreamed: false } as const;
        return observeTarget(options, observed, ask, () => undefined);
      },
    });
    await settleAnswered(call, model, answered.settlement);
    const { result: vectors, usage, costUsd, target } = answered;
    return { vectors, usage, costUsd, model: `${target.provider}/${target.model}` };
  };

  /** Of questions that may be answered by what others asked. Nobody in particular asks; the tenant pays. */
  const embedderOf = (model: string): Embedder => ({
    name: model,
    embed: async (tenantId, texts, { signal }) => {
      const call = { ...{ tenantId, id: `embed/${ids.next()}`, agent: "", labels: {}, caller: "" }, signal };
      return (await embed({ model, texts }, { ...call, priority: "normal" })).vectors;
    },
  });

  const settingsOf = ({ cache: declared }: ModelSpec): CacheSettings | null => {
    if (declared === undefined) return null;
    const { ttl, semantic } = declared;
    const ttlMs = ttl === undefined ? null : parseDuration(ttl);
    return {
      ...(ttlMs === null ? {} : { ttlMs }),
      ...(semantic === undefined ? {} : { semantic: { ...semantic, embedder: embedderOf(semantic.embedder) } }),
    };
  };

  return {
    async generate({ model: name, ...request }, call): Promise<ModelAnswer> {
      assertBound(request.maxOutputTokens);
      const spec = await lookup(call.tenantId, name);
      const settings = spec === null ? null : settingsOf(spec);
      const { response, decision, settlement } =
        spec === null || settings === null
          ? await produce({ name, spec }, request, call)
          : await answerKept({ name, spec, settings }, request, call);
      // Whoever has a log settles with it.
      if (call.task === undefined) await settleAnswered(call, name, settlement);
      return {
        response,
        ...(decision === undefined ? {} : { decision }),
        ...(call.task === undefined ? {} : { settlement }),
      };
    },
    embed,
    grant: (tenantId, grant, id) => budgets.grant(tenantId, grant, id),
    list: (tenantId) =>
      listModels({ ...{ tenantId, names, lookup, env, prices }, stateOf: (target) => guard.stateOf(tenantId, target) }),
    cache,
    async close() {
      guard.close();
      await cache.close();
    },
  };

  function mostOutputOf(target: ModelTarget, request: ModelRequest): number {
    const known = target.maxOutputTokens ?? factsOf(target, prices)?.maxOutputTokens;
    if (request.maxOutputTokens !== undefined)
      return Math.min(request.maxOutputTokens, known ?? request.maxOutputTokens);
    return known ?? DEFAULT_MAX_OUTPUT_TOKENS;
  }
};

// As usage that is not reported is estimated.
const BYTES_A_TOKEN = 3;
// What a provider puts around each text.
const PER_TEXT = 16;

/** What is reserved goes by it, and some servers take a bound that is none for no bound at all. */
const assertBound = (most: number | undefined): void => {
  if (most === undefined || (Number.isSafeInteger(most) && most > 0)) return;
  const description = "expected a whole number of tokens, 1 or more";
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `the model's request: maxOutputTokens: ${description}, got ${String(most)}`,
    {
      violations: [{ field: "maxOutputTokens", description }],
    },
  );
};

/** It answered since the model that was named did not: an answer for this once. */
const isFallback = ({ name, spec }: Known, target: ModelTarget): boolean => {
  if (spec === null) return false;
  if (spec.candidates === undefined) return target.name !== name;
  return spec.fallback?.includes(target.name) === true && !spec.candidates.some(({ model }) => model === target.name);
};

/** Of a manifest: what changes no answer. */
const OF_NO_ANSWER: ReadonlySet<string> = new Set<keyof ModelSpec>([
  ...(["apiKeyEnv", "apiKeyEnvs", "timeoutMs", "firstTokenTimeoutMs", "price", "limits", "cache"] as const),
]);

/**
 * What answers under the name, for keys of the cache: another manifest, another answer, but for those of models that it chooses among, whose answers stay
 * until their time ends. A choice by who asks is another for each of them; what a call costs and
 * how long it may take changes no answer.
 */
const identityOf = (name: string, spec: ModelSpec, chosenBy: ReturnType<typeof factsOfCall> | null): string => {
  const identity = Object.entries(spec).filter(([member]) => !OF_NO_ANSWER.has(member));
  return JSON.stringify([name, identity, ...(chosenBy === null ? [] : [chosenBy])]);
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

const factsOfCall = ({ agent, labels, priority, caller }: ModelCall) => ({ agent, labels, priority, caller });

const factsOfRequest = (request: ModelRequest) => ({
  inputTokens: Math.ceil(countBytes(request) / BYTES_A_TOKEN),
  ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
  tools: request.tools?.length ?? 0,
  json: request.output !== undefined,
});

/** Nothing where there was nothing to choose and nobody failed. */
const decisionOf = ({ id }: ModelTarget, { scores }: ModelChoice, reasons: readonly string[]): Reasoned | undefined =>
  reasons.length === 0 ? undefined : { choice: id, reasons, scores };

// Whoever waits asks again so often that all together ask the store some two hundred times a second.
const LEAST_PAUSE_MS = 50;
const PAUSE_PER_WAITING_MS = 5;

/** There is enough left, and calls under way hold it: what they do not need is free when they end. */
const heldByOthers = (model: string, budget: string, waiting: number): PlatformError =>
  new PlatformError(
    "BUDGET_EXCEEDED",
    `budget ${budget}: what this call of ${model} may cost is held for calls under way`,
    { retryable: true, retryAfterMs: LEAST_PAUSE_MS + waiting * PAUSE_PER_WAITING_MS },
  );

/**
 * Of one, its own error; of several all of theirs, retryable when one of them is, and when the first may be tried again. In a replay what was not recorded
 * is why nobody answered.
 */
const unanswered = (name: string, tries: readonly FailedTry[]): PlatformError => {
  const [only] = tries;
  if (only !== undefined && tries.length === 1) return only.error;
  const missing = tries.find(({ error }) => error.code === "RECORDING_MISSING");
  if (missing !== undefined) return missing.error;
  const retryable = tries.filter(({ error }) => error.retryable);
  const after = retryable.flatMap(({ error: { retryAfterMs } }) => retryAfterMs ?? []);
  const isLimited = tries.every(({ because }) => because === "limited");
  const said = tries.map(({ target: { id }, error: { message } }) => `${id}: ${message}`).join("; ");
  return new PlatformError(
    isLimited ? "OVERLOADED" : "UPSTREAM_FAILED",
    `none of the ${tries.length} models that "${name}" leads to has answered: ${said}`.slice(0, 2000),
    {
      retryable: retryable.length > 0,
      // Where one of them may be tried at once, nobody waits for the others.
      ...(after.length === retryable.length && after.length > 0 ? { retryAfterMs: Math.min(...after) } : {}),
    },
  );
};

/** Which models are asked for a request, in which order, and why. */
import type { Reasoned } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { TOO_MANY_REQUESTS } from "../call/to-platform-error.ts";
import type { ModelTarget } from "../model-target.ts";
import { costNanoUsd } from "../prices/cost-nano-usd.ts";
import { factsOf, priceOf } from "../prices/price-of.ts";
import type { PriceTable } from "../prices/price-table.ts";
import type { Conditions, RequestFacts } from "./model-conditions.ts";
import { type Contender, rank, UNKNOWN_LATENCY_MS, UNKNOWN_QUALITY } from "./rank-contenders.ts";
import type { ChainModel } from "./resolve-chain.ts";

/** What this node has seen of a target. */
export interface TargetState {
  /** Why it is not asked now. */
  readonly problem?: string | undefined;
  /** Milliseconds until it may be asked again, where that is known. */
  readonly retryAfterMs?: number | undefined;
  /** The problem is that it was asked too much. */
  readonly isLimit?: boolean | undefined;
  /** Milliseconds that an answer of so many tokens takes, by what was measured. */
  expectedMs(outputTokens: number): number | undefined;
}

export interface ChoiceFacts {
  readonly chain: ChainModel;
  readonly request: RequestFacts;
  /** Of all candidates of the chain. */
  readonly conditions: Conditions;
  readonly table: PriceTable;
  readonly stateOf: (target: ModelTarget) => TargetState;
}

export interface ModelChoice {
  /** In the order that they are to be asked, each once; of each the targets that may be asked, in the order of the manifest. */
  readonly order: readonly { readonly name: string; readonly targets: readonly ModelTarget[] }[];
  /** Why somebody is left out, and why the first is the first; nothing where there was no choice. */
  readonly reasons: readonly string[];
  readonly scores: NonNullable<Reasoned["scores"]>;
  /** Somebody who is left out may be asked later. */
  readonly mayRetry: boolean;
  /** Milliseconds until then, where that is known. */
  readonly retryAfterMs?: number | undefined;
  /** All of those were asked too much. */
  readonly isLimit: boolean;
}

/** Expected of an answer where nobody says how long it may be. */
const EXPECTED_OUTPUT_TOKENS = 500;
const MAX_REASONS = 100;
const MAX_REASON_LENGTH = 300;

interface Entry {
  readonly name: string;
  readonly targets: readonly ModelTarget[];
}

/**
 * Leaves out whom a condition, the size of the request or what was seen of it excludes, orders the others as their model says, and puts fallbacks behind, each
 * in its own order. A candidate that is itself a choice, or has fallbacks, is judged by whoever of them would be asked first.
 */
export const chooseTargets = ({ chain, request, conditions, table, stateOf }: ChoiceFacts): ModelChoice => {
  const reasons: string[] = [];
  const scores: { candidate: string; score: number }[] = [];
  let retryAfterMs: number | undefined;
  let isLimit = true;
  const say = (reason: string): void => {
    const text = reason.slice(0, MAX_REASON_LENGTH);
    if (reasons.length < MAX_REASONS && !reasons.includes(text)) reasons.push(text);
  };

  const available = ({ name, targets, problem }: ChainModel): readonly ModelTarget[] => {
    if (problem !== undefined) {
      say(`${name}: ${problem}`);
      return [];
    }
    return targets.filter((target) => {
      const tooSmall = whyTooSmall(target, request, table);
      if (tooSmall !== undefined) {
        say(`${target.id}: ${tooSmall}`);
        return false;
      }
      const state = stateOf(target);
      if (state.problem === undefined) return true;
      say(`${target.id}: ${state.problem}`);
      const after = state.retryAfterMs ?? Number.POSITIVE_INFINITY;
      retryAfterMs = Math.min(retryAfterMs ?? Number.POSITIVE_INFINITY, after);
      isLimit &&= state.isLimit === true;
      return false;
    });
  };

  const contenderOf = (name: string, entries: readonly Entry[]): Contender => {
    const targets = entries[0]?.targets ?? [];
    const [first] = targets as [ModelTarget];
    const outputTokens = Math.min(
      request.maxOutputTokens ?? EXPECTED_OUTPUT_TOKENS,
      first.maxOutputTokens ?? factsOf(first, table)?.maxOutputTokens ?? Number.POSITIVE_INFINITY,
    );
    const price = priceOf(first, table);
    const measured = targets.flatMap((target) => stateOf(target).expectedMs(outputTokens) ?? []);
    return {
      name,
      costNanoUsd: price && costNanoUsd({ inputTokens: request.inputTokens, outputTokens }, price),
      latencyMs: measured.length === 0 ? UNKNOWN_LATENCY_MS : Math.min(...measured),
      isMeasured: measured.length > 0,
      quality: first.quality ?? UNKNOWN_QUALITY,
    };
  };

  const holds = (name: string, when: string | undefined): boolean => {
    if (when === undefined) return true;
    try {
      if (conditions.get(when)?.(request) === true) return true;
      say(`${name}: its condition does not hold: ${when}`);
    } catch (error) {
      say(`${name}: its condition failed: ${PlatformError.from(error).message}`);
    }
    return false;
  };

  const visit = (model: ChainModel): readonly Entry[] => {
    const entries: Entry[] = [];
    if (model.candidates.length === 0) {
      const targets = available(model);
      if (targets.length > 0) entries.push({ name: model.name, targets });
    } else {
      const open = model.candidates
        .filter(({ model: { name }, when }) => holds(name, when))
        .flatMap(({ model: candidate }) => {
          const led = visit(candidate);
          return led.length === 0 ? [] : [{ contender: contenderOf(candidate.name, led), led }];
        });
      const ranking = rank(
        model,
        open.map(({ contender }) => contender),
      );
      if (ranking.reason !== undefined) say(ranking.reason);
      scores.push(...ranking.scores);
      for (const index of ranking.order) entries.push(...(open[index]?.led ?? []));
    }
    for (const fallback of model.fallback) entries.push(...visit(fallback));
    return entries;
  };

  const entries = visit(chain);
  return {
    order: entries.length < 2 ? entries : firstOfEach(entries),
    ...{ reasons, scores, mayRetry: retryAfterMs !== undefined, isLimit: isLimit && retryAfterMs !== undefined },
    ...(Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
  };
};

/** A model that stands in the chain twice is asked once, where it stands first. */
const firstOfEach = (entries: readonly Entry[]): readonly Entry[] => {
  const names = new Set<string>();
  return entries.filter(({ name }) => names.size < names.add(name).size);
};

const whyTooSmall = (target: ModelTarget, request: RequestFacts, table: PriceTable): string | undefined => {
  const known = factsOf(target, table);
  const contextWindow = target.contextWindow ?? known?.contextWindow;
  if (contextWindow === undefined) return undefined;
  const most = target.maxOutputTokens ?? known?.maxOutputTokens ?? Number.POSITIVE_INFINITY;
  // An answer of no token is none; what is asked for beyond the model's own bound is cut down to it.
  const asked = request.inputTokens + Math.min(request.maxOutputTokens ?? 1, most);
  return asked > contextWindow ? `context window ${contextWindow} < ${asked} tokens asked` : undefined;
};

/**
 * Of a choice that left nobody: UPSTREAM_FAILED, retryable, where waiting may help, with `details.status` 429 where all that may be waited for is limits
 * of providers; else INVALID_ARGUMENT.
 */
export const noModelLeft = (name: string, { reasons, mayRetry, retryAfterMs, isLimit }: ModelChoice): PlatformError => {
  const message = `no model may answer for "${name}": ${reasons.join("; ")}`.slice(0, 2_000);
  if (!mayRetry) return new PlatformError("INVALID_ARGUMENT", message);
  return new PlatformError("UPSTREAM_FAILED", message, {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(isLimit ? { details: { status: TOO_MANY_REQUESTS } } : {}),
  });
};

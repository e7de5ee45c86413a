/**
 * One pass over the targets that may answer, in the order they were chosen: each is asked at most once, and is
 *
 *   entered    by its breaker and its bound of calls under way, unless it was waited for in line; else passed over
 *   limited    requests and tokens a minute; else passed over
 *   reserved   the worst case, on every budget that stands on the call; else the pass ends, by what the budget says
 *   asked
 *   settled    what it cost, also when it failed; an answer's settlement goes to whoever commits it
 *
 * Whatever was taken on the way is given back when a later stage refuses. A pass that nobody answered says when the next may do better.
 */

import type { ModelUsage } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { ofTheAsker } from "@agentcore/core/caching";
import {
  type BudgetAccount,
  type BudgetSubject,
  type Budgets,
  type ExceededBudget,
  type HeldBudget,
  type RateGrant,
  type RateLimiter,
  usdOf,
} from "@agentcore/core/governance";
import type { Clock, Logger, ModelCall, Settlement } from "@agentcore/core/ports";
import { failedUsageOf } from "../call/failed-usage.ts";
import { TOO_MANY_REQUESTS } from "../call/to-platform-error.ts";
import type { EnteredTarget } from "../hosts/target-calls.ts";
import type { ModelTarget } from "../model-target.ts";
import { costNanoUsd, worstCaseNanoUsd } from "../prices/cost-nano-usd.ts";
import { priceOf } from "../prices/price-of.ts";
import type { PriceTable } from "../prices/price-table.ts";
import type { BudgetLines, MoneyPlace } from "./budget-lines.ts";
import { mayHideReasoning } from "./may-hide-reasoning.ts";
import type { TargetGuard } from "./target-guard.ts";
import { usageRecord } from "./usage-record.ts";

/** The most that one try may take, in tokens. */
export interface TokenBound {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What one target came to. */
export interface Performed<Result> {
  readonly result: Result;
  readonly usage: ModelUsage;
  /** Milliseconds. */
  readonly firstTokenMs?: number | undefined;
  readonly durationMs: number;
  /** Settings of the request that it does not take. @default none */
  readonly ignored?: readonly string[] | undefined;
}

export interface Turn<Result> {
  readonly call: ModelCall;
  /** Where it stands if it has to wait. */
  readonly place: MoneyPlace;
  /** Tokens of output that are asked for where somebody needs a bound and none is known. */
  boundOf(target: ModelTarget): TokenBound;
  /** False once somebody has been told a part of an answer that cannot be taken back: nobody else is asked then. */
  mayGoOn(): boolean;
  /** `mostOutput`: no more may be asked for; undefined where nobody counts. */
  perform(target: ModelTarget, mostOutput: number | undefined): Promise<Performed<Result>>;
}

export interface TurnAnswer<Result> {
  readonly result: Result;
  readonly target: ModelTarget;
  readonly usage: ModelUsage;
  readonly costUsd: number | undefined;
  readonly settlement: Settlement;
  /** Why others before it did not answer, and what it was not asked. */
  readonly reasons: readonly string[];
}

/** Nobody answered, or a budget has too little left. */
export type TurnOutcome<Result> =
  | { readonly outcome: "answered"; readonly answer: TurnAnswer<Result> }
  | ShortOfMoney
  | { readonly outcome: "unanswered"; readonly tries: readonly FailedTry[] };

/** `behind`: others stand in line for it. */
export type ShortOfMoney =
  | { readonly outcome: "exceeded"; readonly target: ModelTarget; readonly exceeded: ExceededBudget }
  | {
      readonly outcome: "behind";
      readonly target: ModelTarget;
      readonly account: BudgetAccount;
      readonly asked: number;
    };

export interface FailedTry {
  readonly target: ModelTarget;
  /** `limited`, `full`: it was not asked, and may be after a time, or when one of its calls is over. */
  readonly because: "limited" | "full" | "refused" | "failed";
  readonly error: PlatformError;
}

export interface TurnParts {
  readonly budgets: Budgets;
  readonly lines: BudgetLines;
  readonly limiter: RateLimiter;
  readonly guard: TargetGuard;
  readonly prices: PriceTable;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const subjectOf = ({ agent, labels, caller, task, runId }: ModelCall): BudgetSubject => ({
  runId: task?.runId ?? runId,
  agent,
  team: labels["team"] ?? "",
  caller,
});

/**
 * `entered`: the first of the order, where it was. Throws what ends the pass for all targets: an abort, a request that is wrong whoever is asked, a store
 * that does not answer.
 */
export const askInTurn = async <Result>(
  parts: TurnParts,
  turn: Turn<Result>,
  order: readonly ModelTarget[],
  entered: EnteredTarget | null,
): Promise<TurnOutcome<Result>> => {
  const tries: FailedTry[] = [];
  for (const [index, target] of order.entries()) {
    const step = await askTarget(parts, turn, target, entered?.target === target ? entered : undefined);
    if (step.outcome === "passed over") {
      // Another who asked for the same was told nothing, and may be answered by the next.
      if (!turn.mayGoOn()) throw index + 1 < order.length ? ofTheAsker(step.failed.error) : step.failed.error;
      tries.push(step.failed);
    } else if (step.outcome !== "answered") return step;
    else {
      const { ignored, ...answer } = step.answer;
      const reasons = tries.map(({ target: { id }, error }) => `${id}: ${error.message}`);
      if (ignored !== undefined) reasons.push(notAsked(target, ignored));
      return { outcome: "answered", answer: { ...answer, reasons } };
    }
  }
  return { outcome: "unanswered", tries };
};

const MAX_REASON_LENGTH = 300;

const notAsked = ({ id }: ModelTarget, ignored: readonly string[]): string =>
  `${id}: it does not take all that was set, and was asked without: ${ignored.join("; ")}`.slice(0, MAX_REASON_LENGTH);

type TargetOutcome<Result> =
  | {
      readonly outcome: "answered";
      readonly answer: Omit<TurnAnswer<Result>, "reasons"> & Pick<Performed<Result>, "ignored">;
    }
  | ShortOfMoney
  | { readonly outcome: "passed over"; readonly failed: FailedTry };

const askTarget = async <Result>(
  parts: TurnParts,
  turn: Turn<Result>,
  target: ModelTarget,
  entered: EnteredTarget | undefined,
): Promise<TargetOutcome<Result>> => {
  const { call } = turn;
  const { limiter, guard } = parts;
  const entry = entered ?? guard.enter(call.tenantId, target);
  if (!entry.entered)
    return passedOver(target, entry.refusal.code === "BULKHEAD_FULL" ? "full" : "limited", entry.refusal);
  let isOver = false;
  try {
    call.signal.throwIfAborted();
    const bound = turn.boundOf(target);
    const verdict = await limiter.take(
      { tenantId: call.tenantId, key: `model/${target.id}` },
      { requests: 1, tokens: bound.inputTokens + bound.outputTokens },
      target.limits ?? {},
      { priority: call.priority, signal: call.signal },
    );
    if (!verdict.granted) return passedOver(target, "limited", limited(target, verdict));
    const { grant } = verdict;
    try {
      const reserved = await reserve(parts, turn, target, bound);
      if (reserved.outcome !== "held") return { ...reserved, target };
      const { held } = reserved;
      // Not when the call is over: what is left is for the next.
      parts.lines.leave(turn.place, true);
      const mostOutput =
        held.key === null && target.limits?.tokensPerMinute === undefined ? undefined : bound.outputTokens;
      isOver = true;
      return await ask(parts, turn, { target, held, bound, grant, mostOutput, entry });
    } finally {
      if (!isOver) limiter.adjust(grant, { requests: 0, tokens: 0 });
    }
  } finally {
    if (!isOver) guard.leave(entry, { outcome: "abandoned" });
  }
};

const passedOver = (
  target: ModelTarget,
  because: FailedTry["because"],
  error: PlatformError,
): Extract<TargetOutcome<never>, { readonly outcome: "passed over" }> => ({
  outcome: "passed over",
  failed: { target, because, error },
});

const limited = (
  { id }: ModelTarget,
  { limit, retryAfterMs }: { readonly limit: "requests" | "tokens"; readonly retryAfterMs: number | null },
): PlatformError =>
  retryAfterMs === null
    ? new PlatformError(
        "TOO_LARGE",
        `the call may take more ${limit} than the limit a minute of ${id} has; raise it, or ask for less with maxOutputTokens`,
      )
    : new PlatformError("OVERLOADED", `its limit of ${limit} a minute is used up`, { retryAfterMs });

const reserve = <Result>(
  { budgets, lines, prices, clock }: TurnParts,
  { call, place }: Turn<Result>,
  target: ModelTarget,
  bound: TokenBound,
) => {
  const price = priceOf(target, prices);
  const nanoUsd = price === undefined ? null : worstCaseNanoUsd(bound, price);
  const usage = { ...bound, estimated: true };
  const inputNanoUsd = price === undefined ? 0 : worstCaseNanoUsd({ ...bound, outputTokens: 0 }, price);
  return budgets.reserve({
    tenantId: call.tenantId,
    key: `model/${call.id}`,
    subject: subjectOf(call),
    bound: {
      ...{ nanoUsd, tokens: bound.inputTokens + bound.outputTokens },
      output: { nanoUsd: (nanoUsd ?? 0) - inputNanoUsd, tokens: bound.outputTokens },
    },
    mayTake: (account, asked) => lines.mayTake(call.tenantId, account, asked, place),
    model: target.name,
    callTimeoutMs: target.timeoutMs,
    usage: usageRecord(call, target.name, { usage, nanoUsd }, clock.now()),
  });
};

interface Entered {
  readonly target: ModelTarget;
  readonly held: HeldBudget;
  readonly bound: TokenBound;
  readonly grant: RateGrant;
  readonly mostOutput: number | undefined;
  readonly entry: EnteredTarget;
}

const ask = async <Result>(
  parts: TurnParts,
  turn: Turn<Result>,
  { target, held, bound, grant, mostOutput, entry }: Entered,
): Promise<TargetOutcome<Result>> => {
  const { budgets, limiter, guard, prices, clock } = parts;
  const { call } = turn;
  const price = priceOf(target, prices);
  const costOf = (usage: ModelUsage): number | null => (price === undefined ? null : costNanoUsd(usage, price));
  /** `spent`: what budgets count, where that is more than what is known. */
  const settlementFor = (usage: ModelUsage, spent: ModelUsage = usage): Settlement => {
    const tokens = spent.inputTokens + spent.outputTokens;
    limiter.adjust(grant, { requests: 1, tokens });
    const record = usageRecord(call, target.name, { usage, nanoUsd: costOf(usage) }, clock.now());
    return budgets.settlement(held, { nanoUsd: costOf(spent), tokens }, record);
  };
  try {
    const { result, usage, firstTokenMs, durationMs, ignored } = await turn.perform(target, mostOutput);
    guard.leave(entry, { outcome: "answered", firstTokenMs, durationMs, outputTokens: usage.outputTokens });
    const nanoUsd = costOf(usage);
    const costUsd = nanoUsd === null ? undefined : usdOf(nanoUsd);
    const settlement = settlementFor(usage);
    return { outcome: "answered", answer: { result, target, usage, costUsd, settlement, ignored } };
  } catch (caught) {
    const error = PlatformError.from(caught);
    const billed = atMost(failedUsageOf(caught)?.usage, bound);
    const what = `a failed call of model ${target.name}`;
    if (billed !== undefined)
      await settleAnyway(
        parts,
        call,
        what,
        settlementFor(billed, mostBilled(billed, bound, call.onText !== undefined && !mayHideReasoning(target))),
      );
    else {
      limiter.adjust(grant, { requests: 1, tokens: 0 });
      if (held.key !== null) {
        const none = usageRecord(call, target.name, { usage: NOTHING, nanoUsd: 0 }, clock.now());
        await settleAnyway(
          parts,
          call,
          what,
          budgets.settlement(held, { nanoUsd: 0, tokens: 0 }, { ...none, calls: 0 }),
        );
      }
    }
    const fault = faultOf(error, call.signal);
    guard.leave(
      entry,
      fault === "target"
        ? {
            outcome: "failed",
            retryAfterMs: error.retryAfterMs,
            isLimit: error.details?.["status"] === TOO_MANY_REQUESTS,
          }
        : { outcome: "abandoned" },
    );
    if (fault === "caller") throw error;
    return passedOver(target, error.retryable ? "failed" : "refused", error);
  }
};

/** Of what nobody bills. */
const NOTHING: ModelUsage = { inputTokens: 0, outputTokens: 0 };

// What a provider has generated and sent when it hears that nobody reads any more.
const UNREAD_TOKENS = 256;
const BYTES_A_TOKEN = 3;

/** Bytes that were estimated may be none of an answer, and those of one too long are of all that came before it was given up. */
const atMost = (usage: ModelUsage | undefined, { outputTokens }: TokenBound): ModelUsage | undefined =>
  usage && { ...usage, outputTokens: Math.min(usage.outputTokens, outputTokens) };

/**
 * The most that a call may be billed for that broke off: where all of it was sent as it came, what came of it, a token for each byte, and a little more;
 * else all that was asked for, since it may have been generated and lost.
 */
const mostBilled = (usage: ModelUsage, bound: TokenBound, isSeen: boolean): ModelUsage => {
  const received = usage.outputTokens * BYTES_A_TOKEN + UNREAD_TOKENS;
  const outputTokens = isSeen && usage.outputTokens > 0 ? Math.min(received, bound.outputTokens) : bound.outputTokens;
  return { inputTokens: bound.inputTokens, outputTokens, estimated: true };
};

/**
 * What is not written now counts in time as what was held, so the answer, or the failure, is told all the same: to ask again would be paid for again.
 * `what`: the call, for the log.
 */
export const settleAnyway = async (
  { budgets, lines, logger }: Pick<TurnParts, "budgets" | "lines" | "logger">,
  { tenantId }: ModelCall,
  what: string,
  settlement: Settlement,
): Promise<void> => {
  try {
    await budgets.settle(tenantId, settlement);
    lines.freed(tenantId, settlement);
  } catch (failure) {
    logger.log("warn", `${what} was not settled: ${PlatformError.from(failure).message}`, { tenantId });
  }
};

/** Of a call that was answered: with the answer's own commit where there is one, else with this. */
export const settleAnswered = (
  parts: Pick<TurnParts, "budgets" | "lines" | "logger">,
  call: ModelCall,
  name: string,
  settlement: Settlement,
): Promise<void> => settleAnyway(parts, call, `an answered call of model ${name}`, settlement);

/** `caller`: no other target would do better. `setting`: it is not the target's health that is wrong. */
const faultOf = (error: PlatformError, signal: AbortSignal): "caller" | "target" | "setting" => {
  if (signal.aborted) return "caller";
  if (error.code === "UPSTREAM_FAILED") {
    const status = error.details?.["status"];
    return status === 400 || status === 422 ? "caller" : error.retryable ? "target" : "setting";
  }
  return OF_THE_TARGET.has(error.code) ? "setting" : "caller";
};

/** What one target lacks, is set wrongly or cannot be asked, the next may have; and a target that lacked something is not in a recording. */
const OF_THE_TARGET: ReadonlySet<string> = new Set([
  ...["MODEL_NOT_CONFIGURED", "CONFIG_INVALID", "NOT_INSTALLED", "INVALID_ARGUMENT", "RECORDING_MISSING"],
]);

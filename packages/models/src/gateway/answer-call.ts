/**
 * One call until somebody answers it:
 *
 *   chain of models → choice → one pass over their targets (ask-in-turn.ts) → answer
 *
 * A pass whose targets are all at their limits waits for the first of them, in line where they have too many calls under way, and one whose budget
 * calls under way hold waits for these: for a minute at most. A budget that wants another model asked begins anew with that one. Anything else that fails goes to the caller, who may try again.
 */
import { type ModelSpec, PRIORITIES } from "@agentcore/contract";
import type { Reasoned } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { type BudgetAccount, budgetExceeded, degradesTo, spendingIn } from "@agentcore/core/governance";
import type { ModelCall } from "@agentcore/core/ports";
import { chooseTargets, type ModelChoice, noModelLeft } from "../choice/choose-targets.ts";
import type { ModelConditions, RequestFacts } from "../choice/model-conditions.ts";
import { type ChainModel, resolveChain } from "../choice/resolve-chain.ts";
import type { EnteredTarget } from "../hosts/target-calls.ts";
import type { ModelTarget } from "../model-target.ts";
import type { KnownModels } from "../names/known-models.ts";
import {
  askInTurn,
  type FailedTry,
  type Turn,
  type TurnAnswer,
  type TurnOutcome,
  type TurnParts,
} from "./ask-in-turn.ts";
import type { MoneyPlace } from "./budget-lines.ts";
import type { LimitWaits } from "./limit-waits.ts";
import type { TargetGuard } from "./target-guard.ts";
import { isLimited, unanswered } from "./unanswered.ts";

export interface AnswerParts extends TurnParts {
  /** Of the Model manifest of that name in the tenant, or null. */
  readonly lookup: (tenantId: string, name: string) => Promise<ModelSpec | null>;
  readonly models: KnownModels;
  readonly conditions: ModelConditions;
  readonly waits: LimitWaits;
}

/** What a call names, and what its manifest says, which is read once. */
export interface NamedSpec {
  readonly name: string;
  readonly spec: ModelSpec | null;
}

/** One kind of call, of one caller. */
export interface Asking<Result> extends Turn<Result> {
  readonly facts: RequestFacts;
}

export interface Answered<Result> extends TurnAnswer<Result> {
  readonly decision: Reasoned | undefined;
  /** A budget had another model asked than the one that was named. */
  readonly isInstead: boolean;
}

// A limit a minute is free again after a minute at most.
const MAX_WAIT_MS = 60_000;
// Of one that has waited in vain, or found too many who wait.
const HELD_RETRY_MS = 1_000;

/** Of a call that begins now. */
export const placeOf = ({ clock }: Pick<TurnParts, "clock">, { priority }: ModelCall): MoneyPlace => ({
  ...{ priority: PRIORITIES.indexOf(priority), since: clock.monotonic() },
  ...{ line: null, asked: 0, wake: null },
});

export const answerCall = async <Result>(
  parts: AnswerParts,
  named: NamedSpec,
  asking: Asking<Result>,
): Promise<Answered<Result>> => {
  try {
    return await answerInTurns(parts, named, asking);
  } finally {
    parts.lines.leave(asking.place, false);
  }
};

const answerInTurns = async <Result>(
  parts: AnswerParts,
  named: NamedSpec,
  asking: Asking<Result>,
): Promise<Answered<Result>> => {
  const { guard } = parts;
  const { call } = asking;
  const instead: Instead[] = [];
  let { name } = named;
  let choice = await chooseFor(parts, name, named, asking);
  let entered: EnteredTarget | null = null;
  // Why another than the one that was named is asked.
  let exceededBy: PlatformError | null = null;
  for (;;) {
    const order = orderOf(choice, guard, call.tenantId, entered);
    const outcome: TurnOutcome<Result> = await askInTurn(parts, asking, order, entered);
    entered = null;
    switch (outcome.outcome) {
      case "answered": {
        const { answer } = outcome;
        const decision = decisionOf(answer.target, choice, instead, answer.reasons);
        return { ...answer, decision, isInstead: instead.length > 0 };
      }
      case "exceeded": {
        const { exceeded, target } = outcome;
        const { account, asked, ceiling, spent, reserved } = exceeded;
        if (spent + asked <= ceiling) {
          await waitForMoney(parts, asking, { target, account, asked, left: ceiling - spent - reserved });
          break;
        }
        // Another model may ask for less.
        parts.lines.leave(asking.place, false);
        const degraded = degradesTo(exceeded);
        const isOfTask = call.task !== undefined;
        const error = budgetExceeded(target.name, exceeded, isOfTask);
        if (degraded === null || degraded === named.name || instead.some(({ model }) => model === degraded))
          throw error;
        // The log of a task has the sums; a door shows its caller why.
        const why = (isOfTask ? spendingIn(error) : null) ?? error.message;
        instead.push({ model: degraded, reason: `${degraded} is asked instead of ${name}: ${why}` });
        name = degraded;
        exceededBy = error;
        break;
      }
      case "behind":
        await waitForMoney(parts, asking, { ...outcome, left: undefined });
        break;
      case "unanswered": {
        const error = unanswered(name, outcome.tries);
        if (!outcome.tries.every(isLimited)) throw error;
        entered = await waitForLimits(parts, asking, error, outcome.tries);
      }
    }
    // Whoever has waited in line is asked as it was chosen before.
    if (entered === null)
      choice = await chooseFor(parts, name, named, asking).catch((error: unknown) => {
        throw exceededBy === null ? error : leadsNowhere(exceededBy, error);
      });
  }
};

/** Nobody asked for the model that a budget names: one that is not there leaves the call where the budget stopped it. */
const leadsNowhere = (exceeded: PlatformError, error: unknown): unknown => {
  if (!PlatformError.is(error) || error.code !== "MODEL_NOT_CONFIGURED") return error;
  const message = `${exceeded.message}; what the budget wants asked instead cannot be: ${error.message}`;
  return PlatformError.fromJSON({ ...exceeded.toJSON(), message });
};

const orderOf = (
  { order }: ModelChoice,
  guard: TargetGuard,
  tenantId: string,
  entered: EnteredTarget | null,
): readonly ModelTarget[] => {
  const all = order.flatMap(({ targets }) => guard.inOrder(tenantId, targets));
  return entered === null ? all : [entered.target, ...all.filter((target) => target !== entered.target)];
};

const leftMsOf = ({ clock }: AnswerParts, { place }: Asking<unknown>): number =>
  place.since + MAX_WAIT_MS - clock.monotonic();

/** In line for those that are full, and until another is free by its limits. Throws the error unless that is within the minute. */
const waitForLimits = async (
  parts: AnswerParts,
  asking: Asking<unknown>,
  error: PlatformError,
  tries: readonly FailedTry[],
): Promise<EnteredTarget | null> => {
  const { guard, waits, lines } = parts;
  const { call, place } = asking;
  // It does not try meanwhile, and nobody is to wait for that.
  lines.leave(place, false);
  const leftMs = leftMsOf(parts, asking);
  const full = tries.flatMap(({ because, target }) => (because === "full" ? [target] : []));
  const after = tries.flatMap(({ because, error: { retryAfterMs } }) =>
    because === "full" ? [] : (retryAfterMs ?? []),
  );
  const forMs = Math.min(...after, full.length > 0 ? leftMs : Number.POSITIVE_INFINITY);
  if (leftMs <= 0 || forMs > leftMs) throw error;
  const { priority, since } = place;
  return waits.hold(error, () => guard.wait(call.tenantId, full, { priority, since, forMs, signal: call.signal }));
};

interface HeldMoney {
  readonly target: ModelTarget;
  readonly account: BudgetAccount;
  readonly asked: number;
  readonly left: number | undefined;
}

/** There is enough, and calls under way hold it: what they do not need is free when they end. */
const waitForMoney = async (
  parts: AnswerParts,
  asking: Asking<unknown>,
  { target, account: { account, budget }, asked, left }: HeldMoney,
): Promise<void> => {
  const { waits, lines } = parts;
  const { tenantId, signal } = asking.call;
  const forMs = leftMsOf(parts, asking);
  const error = new PlatformError(
    "BUDGET_EXCEEDED",
    `budget ${budget.name}: what this call of ${target.name} may cost is held for calls under way`,
    { retryable: true, retryAfterMs: HELD_RETRY_MS },
  );
  if (forMs <= 0) throw error;
  await waits.hold(error, () => lines.wait(asking.place, { tenantId, account, asked, left, forMs, signal }));
};

/** What a budget had asked, and why. */
interface Instead {
  readonly model: string;
  readonly reason: string;
}

export const chainOf = (parts: AnswerParts, name: string, named: NamedSpec, tenantId: string): Promise<ChainModel> =>
  resolveChain(name, async (at) =>
    parts.models.of(at, at === named.name ? named.spec : await parts.lookup(tenantId, at)),
  );

/** Throws what says why nobody may answer. */
const chooseFor = async (
  parts: AnswerParts,
  name: string,
  named: NamedSpec,
  { call: { tenantId, signal }, facts }: Asking<unknown>,
): Promise<ModelChoice> => {
  const { guard, conditions, prices } = parts;
  const chain = await chainOf(parts, name, named, tenantId);
  await guard.prepare(tenantId, chain, signal);
  const choice = chooseTargets({
    chain,
    request: facts,
    conditions: await conditions.of(chain),
    table: prices,
    stateOf: (target) => guard.stateOf(tenantId, target),
  });
  if (choice.order.length === 0) throw noModelLeft(name, choice);
  return choice;
};

/** What conditions are asked of who asks. */
export const factsOfCall = ({ agent, labels, priority, caller }: ModelCall) => ({ agent, labels, priority, caller });

/** Nothing where there was nothing to choose, nobody failed, and all was asked. */
const decisionOf = (
  { id }: ModelTarget,
  { scores, reasons: chosen }: ModelChoice,
  instead: readonly Instead[],
  asked: readonly string[],
): Reasoned | undefined => {
  if (instead.length + chosen.length + asked.length === 0) return undefined;
  return { choice: id, reasons: [...instead.map(({ reason }) => reason), ...chosen, ...asked], scores };
};

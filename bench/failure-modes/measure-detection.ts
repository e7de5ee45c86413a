/** What a detector says of every exchange of a split, as it would be asked: after each turn, and at the end. */
import type { detectFailure, FailureVerdict } from "@agentcore/agents";
import { FAILURE_MODES, type FailureMode } from "@agentcore/contract";
import { type Exchanges, readExchanges } from "./exchanges.ts";
import type { FailingExchange } from "./inject-failures.ts";
import type { Split } from "./random.ts";

type Detect = typeof detectFailure;
type Severity = FailureVerdict["severity"];

export interface ModeRates {
  readonly mode: FailureMode;
  readonly count: number;
  /** Named by this mode, at the turn that shows it or after. */
  readonly detected: number;
  /** Turns from the one that shows it until it was named, of those that were; ascending. */
  readonly delays: readonly number[];
  /** Of those that should be stopped; `stopped`: by whatever name. */
  readonly endless: number;
  readonly stopped: number;
  /** Not named by any mode at all. */
  readonly missed: readonly FailingExchange[];
}

export interface FalseAlarms {
  readonly exchanges: number;
  readonly turns: number;
  /** Healthy exchanges with at least one such verdict, and verdicts. */
  readonly byExchange: Readonly<Record<Severity, number>>;
  readonly byTurn: Readonly<Record<Severity, number>>;
  readonly told: readonly { readonly id: string; readonly kind: string; readonly verdict: FailureVerdict }[];
}

export interface Detection {
  readonly modes: readonly ModeRates[];
  readonly falseAlarms: FalseAlarms;
}

type Told = readonly { readonly place: number; readonly verdict: FailureVerdict }[];

const tellAll = (detect: Detect, exchange: FailingExchange["exchange"]): Told => {
  const { ended, ...begun } = exchange;
  return exchange.turns.flatMap((_, place) => {
    const isLast = place === exchange.turns.length - 1;
    const verdict = detect({
      ...{ ...begun, turns: exchange.turns.slice(0, place + 1) },
      ...(isLast && ended === true ? { ended } : {}),
      ...(begun.costs === undefined ? {} : { costs: begun.costs.slice(0, place + 1) }),
    });
    return verdict === null ? [] : [{ place, verdict }];
  });
};

export const measureDetection = (split: Split, detect: Detect): Detection => {
  const { healthy, failing } = readExchanges(split);
  return { modes: measureModes(failing, detect), falseAlarms: measureFalseAlarms(healthy, detect) };
};

const measureModes = (failing: Exchanges["failing"], detect: Detect): readonly ModeRates[] => {
  const told = failing.map((each) => ({
    each,
    told: tellAll(detect, each.exchange).filter(({ place }) => place >= each.at),
  }));
  return (Object.keys(FAILURE_MODES) as FailureMode[]).flatMap((mode) => {
    const own = told.filter(({ each }) => each.mode === mode);
    if (own.length === 0) return [];
    const first = own.map(({ each, told: verdicts }) => {
      const named = verdicts.find(
        ({ verdict }) => verdict.mode === mode && (each.severity === "note" || verdict.severity === "stop"),
      );
      return named === undefined ? null : named.place - each.at;
    });
    const endless = own.filter(({ each }) => each.severity === "stop");
    const delays = first.filter((delay) => delay !== null).sort((one, other) => one - other);
    return {
      ...{ mode, count: own.length, detected: delays.length, delays, endless: endless.length },
      stopped: endless.filter(({ told: verdicts }) => verdicts.some(({ verdict }) => verdict.severity === "stop"))
        .length,
      missed: own.filter((_, place) => first[place] === null).map(({ each }) => each),
    };
  });
};

const measureFalseAlarms = (healthy: Exchanges["healthy"], detect: Detect): FalseAlarms => {
  const told = healthy.map(({ id, kind, exchange }) => ({ id, kind, verdicts: tellAll(detect, exchange) }));
  const byTurn = (severity: Severity): number =>
    told.flatMap(({ verdicts }) => verdicts).filter(({ verdict }) => verdict.severity === severity).length;
  const byExchange = (severity: Severity): number =>
    told.filter(({ verdicts }) => verdicts.some(({ verdict }) => verdict.severity === severity)).length;
  return {
    exchanges: healthy.length,
    turns: healthy.reduce((sum, { exchange }) => sum + exchange.turns.length, 0),
    byExchange: { stop: byExchange("stop"), note: byExchange("note") },
    byTurn: { stop: byTurn("stop"), note: byTurn("note") },
    told: told.flatMap(({ id, kind, verdicts }) => verdicts.map(({ verdict }) => ({ id, kind, verdict }))),
  };
};

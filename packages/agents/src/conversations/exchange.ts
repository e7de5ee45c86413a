import type { FailureMode } from "@agentcore/contract";
import type { Turn } from "./turn.ts";

export interface ExchangeMember {
  readonly name: string;
  /** What it is there for. */
  readonly description: string;
  /** Names of the members it may hand over to. @default all */
  readonly handsTo?: readonly string[];
}

/** A conversation as far as it went. */
export interface Exchange {
  readonly task: string;
  readonly members: readonly ExchangeMember[];
  /** The oldest first. */
  readonly turns: readonly Turn[];
  /** Whether each member is expected to speak; not where the work goes to whom it belongs. @default true */
  readonly allTakePart?: boolean;
  /** The last turn is the outcome, and nobody speaks any more. @default false */
  readonly ended?: boolean;
  readonly limits?: { readonly maxTurns?: number };
  /** What each turn cost, in order, in any one unit. @default unknown */
  readonly costs?: readonly number[];
}

export interface FailureVerdict {
  readonly mode: FailureMode;
  /** stop: it goes round for sure, and every further turn is lost. note: likely, and only written down. */
  readonly severity: "stop" | "note";
  /** Who failed. */
  readonly member: string;
  /** Places in `turns`, from 0, that show it, ascending. */
  readonly turns: readonly number[];
  readonly reasons: readonly string[];
}

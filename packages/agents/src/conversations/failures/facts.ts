import type { Exchange, FailureVerdict } from "../exchange.ts";
import { contentOf, type Reading, readTurn, wordsOf } from "./reading.ts";

/** What a detector judges by: the newest turn, and as much before it as is looked at. */
export interface Facts {
  readonly exchange: Exchange;
  readonly newest: Reading;
  /** The turns before the newest, the oldest first; at most `WINDOW`. */
  readonly before: readonly Reading[];
  /** The first two turns, whether they are still in `before` or not. */
  readonly opening: readonly Reading[];
  readonly taskWords: readonly string[];
  readonly taskContent: ReadonlySet<string>;
}

export type Detector = (facts: Facts) => FailureVerdict | null;

// Rounds of up to six members twice over. What is farther back is not seen: the cost of a turn must not grow with the exchange.
const WINDOW = 24;

/** Null where nothing has been said. */
export const factsOf = (exchange: Exchange): Facts | null => {
  const { turns, task } = exchange;
  const place = turns.length - 1;
  const last = turns[place];
  if (last === undefined) return null;
  const from = Math.max(0, place - WINDOW);
  const before = turns.slice(from, place).map((turn, index) => readTurn(turn, from + index));
  const taskWords = wordsOf(task);
  return {
    ...{ exchange, newest: readTurn(last, place), before, taskWords },
    opening: from === 0 ? before.slice(0, 2) : turns.slice(0, 2).map(readTurn),
    taskContent: contentOf(taskWords),
  };
};

/** Of the newest turn alone. */
export const note = (
  { newest }: Facts,
  mode: FailureVerdict["mode"],
  reason: string,
  more: readonly number[] = [],
): FailureVerdict => ({
  ...{ mode, severity: "note", member: newest.speaker },
  turns: [...more, newest.place],
  reasons: [reason],
});

/** What was said, short enough for a reason. */
export const quote = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 79)}…` : line);
};

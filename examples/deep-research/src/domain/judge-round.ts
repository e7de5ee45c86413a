import type { Check } from "./check-draft.ts";

export const THRESHOLD = 0.85;
export const MAX_ROUNDS = 5;

export interface RoundFacts {
  /** From 1. */
  readonly round: number;
  readonly check: Pick<Check, "score" | "unsound">;
  /** Of the best round before; null in the first. */
  readonly bestScore: number | null;
}

export type Stop = "good-enough" | "no-better" | "out-of-rounds" | "nothing-new" | "out-of-budget";

/** Whether another draft may bring more. Pure. */
export const judgeRound = ({
  round,
  check,
  bestScore,
}: RoundFacts): { readonly choice: Stop | "go-on"; readonly reason: string } => {
  const score = check.score.toFixed(2);
  if (check.score >= THRESHOLD && check.unsound.length === 0)
    return {
      choice: "good-enough",
      reason: `its score ${score} reaches ${THRESHOLD}, and all that it says stands in its sources`,
    };
  if (bestScore !== null && check.score <= bestScore)
    return {
      choice: "no-better",
      reason: `its score ${score} is not above ${bestScore.toFixed(2)}, that of a draft before`,
    };
  if (round >= MAX_ROUNDS) return { choice: "out-of-rounds", reason: `${MAX_ROUNDS} rounds are over at ${score}` };
  return { choice: "go-on", reason: `its score is ${score}, ${check.unsound.length} of its statements are unsound` };
};

import { z } from "zod";
import { IsoDate } from "./application.ts";

/** What is asked of the screening service, and its answer. */
export const ScreeningRequest = z.object({
  name: z.string().min(1).max(200),
  dateOfBirth: IsoDate.optional(),
  country: z.string().length(2).optional(),
});
export type ScreeningRequest = z.infer<typeof ScreeningRequest>;

export const ScreeningAnswer = z.object({
  match: z.boolean(),
  /** Likeness of the names, 0 to 1. */
  score: z.number().min(0).max(1),
  list: z.string().optional(),
  entry: z.string().optional(),
  /** Present on a match when both sides state a date of birth. */
  dateOfBirthMatches: z.boolean().optional(),
});
export type ScreeningAnswer = z.infer<typeof ScreeningAnswer>;

/** An answer, or why there is none. `source` says who answered: the service or a local copy of the list. */
export const ScreeningOutcome = z.discriminatedUnion("status", [
  z.object({ status: z.literal("answered"), source: z.string(), answer: ScreeningAnswer }),
  z.object({ status: z.literal("unavailable"), reason: z.string() }),
]);
export type ScreeningOutcome = z.infer<typeof ScreeningOutcome>;

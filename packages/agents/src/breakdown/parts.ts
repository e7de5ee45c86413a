import { z } from "zod";
import { misorders } from "../strategies/misorders.ts";

const Part = z.object({
  // It keys the calls of the part.
  id: z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/, { error: "expected 1 to 40 letters, digits, _ or -" }),
  what: z.string().trim().min(1).max(8000),
  /** What whoever does it has to be able to do. @default `what` */
  need: z.string().trim().min(1).max(1000).optional(),
  /** Parts whose results it needs. */
  dependsOn: z.array(z.string()).default([]),
  /** What its agent gets in place of `what`. */
  input: z.unknown().optional(),
});

/** One piece of a request, for one agent. */
export type Part = z.output<typeof Part>;

export interface Parts {
  readonly parts: readonly Part[];
}

/** Of parts that can be done: every one comes to its turn. */
export const partsOf = (maxParts: number): z.ZodType<Parts> =>
  z
    .object({
      parts: z
        .array(Part)
        .min(1)
        .max(maxParts, { error: `expected at most ${maxParts} parts` }),
    })
    .superRefine(({ parts }, context) => {
      for (const { path, message } of misorders(parts, "parts", "dependsOn"))
        context.addIssue({ code: "custom", path: [...path], message });
    });

export const needOf = ({ need, what }: Part): string => need ?? what.slice(0, MAX_NEED);

/** As much as the registry reads. */
export const MAX_NEED = 4000;

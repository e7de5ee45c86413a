import { z } from "zod";
import { misorders } from "./misorders.ts";

const PlanStep = z.object({
  // It keys the calls of the step.
  id: z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/, { error: "expected 1 to 40 letters, digits, _ or -" }),
  task: z.string().min(1).max(4000),
  /** Steps whose results it needs. */
  after: z.array(z.string()).default([]),
});
export type PlanStep = z.infer<typeof PlanStep>;

export interface Plan {
  readonly steps: readonly PlanStep[];
}

/** Of a plan that can be carried out: every step comes to its turn. */
export const planOf = (maxSteps: number): z.ZodType<Plan> =>
  z.object({ steps: z.array(PlanStep).min(1).max(maxSteps) }).superRefine(({ steps }, context) => {
    for (const { path, message } of misorders(steps, "steps", "after"))
      context.addIssue({ code: "custom", path: [...path], message });
  });

import { z } from "zod";

/** What one part of a larger work came to, as the model says that did it. */
export const StepResult = z.object({
  done: z.boolean(),
  /** What it gave, or why it could not be done. */
  result: z.string().min(1),
});

export const STEP_RESULT_RULE =
  "Do your part only. Say honestly when it cannot be done: then done is false, and the result says why.";

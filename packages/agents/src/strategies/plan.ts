import { z } from "zod";

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
    const ids = steps.map(({ id }) => id);
    steps.forEach(({ id, after }, index) => {
      const refuse = (field: string, message: string): void =>
        context.addIssue({ code: "custom", path: ["steps", index, field], message });
      if (ids.indexOf(id) < index) refuse("id", `expected an id of its own, "${id}" is an earlier step's`);
      for (const before of after)
        if (!ids.includes(before)) refuse("after", `expected ids of steps, there is no "${before}"`);
    });
    const stuck = neverReady(steps);
    if (stuck.length > 0)
      context.addIssue({ code: "custom", path: ["steps"], message: `${stuck.join(", ")} wait for each other` });
  });

/** Steps that wait for themselves, each other, or what does. */
const neverReady = (steps: readonly PlanStep[]): readonly string[] => {
  const known = new Set(steps.map(({ id }) => id));
  let waiting = [...steps];
  const ready = new Set<string>();
  for (;;) {
    const next = waiting.filter(({ after }) => after.every((id) => ready.has(id) || !known.has(id)));
    if (next.length === 0) return waiting.map(({ id }) => id);
    for (const { id } of next) ready.add(id);
    waiting = waiting.filter((step) => !next.includes(step));
    if (waiting.length === 0) return [];
  }
};

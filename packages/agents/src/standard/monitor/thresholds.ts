/** What makes an alert of numbers. Pure. */
import { z } from "zod";

const STATISTICS = ["count", "rate", "sum", "mean", "max", "p50", "p95", "p99", "share"] as const;

const Labels = z.record(z.string().min(1).max(64), z.string().max(200));

export const Threshold = z
  .strictObject({
    /** As alerts name it. */
    name: z.string().min(1).max(100),
    measure: z.string().min(1).max(200),
    /** Of this agent alone. @default each agent by itself */
    agent: z.string().max(63).optional(),
    /** Only numbers with these labels. */
    labels: Labels.optional(),
    /** rate: numbers a minute; share: of all the agent's numbers of that name, those with `of`. */
    statistic: z.enum(STATISTICS).default("p95"),
    of: Labels.optional(),
    above: z.number().optional(),
    below: z.number().optional(),
    /** Minutes that count, up to now. */
    minutes: z.int().min(1).max(15).default(5),
    /** With fewer numbers nothing is said. */
    minCount: z.int().min(1).max(1_000_000).default(10),
    severity: z.enum(["info", "warning", "error"]).default("warning"),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), {
    error: "expected either above or below",
    path: ["above"],
  })
  .refine(({ statistic, of }) => (statistic === "share") === (of !== undefined), {
    error: "expected with the statistic share, and only with it: the labels whose share it is",
    path: ["of"],
  });
export type Threshold = z.output<typeof Threshold>;

/** Of tasks that are told by `reported(…, { measure: true })`: more than 10 % failed, or 5 % took longer than 30 s. */
export const DEFAULT_THRESHOLDS: readonly z.input<typeof Threshold>[] = [
  {
    ...{ name: "error-rate", measure: "task.duration", statistic: "share", of: { outcome: "completed" }, below: 0.9 },
    severity: "error",
  },
  { name: "slow-tasks", measure: "task.duration", statistic: "p95", above: 30_000 },
];

export const isBeyond = ({ above, below }: Threshold, value: number): boolean =>
  above === undefined ? value < (below ?? Number.NEGATIVE_INFINITY) : value > above;

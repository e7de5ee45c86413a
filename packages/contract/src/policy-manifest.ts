/** `kind: Policy`: what tools of a tenant's agents may do. It can only narrow what tools and agents say of themselves. */
import { z } from "zod";
import { Scope } from "./manifest-parts.ts";
import { NAME_PATTERN } from "./message.ts";

const Approvers = z.array(z.string().min(1).max(256)).min(1).max(100);

const SAYING = [
  "deny",
  "approval",
  "approvers",
  "permission",
  "changes",
  "timeoutMs",
  "maxCalls",
  "maxCostUsd",
] as const;

/** All that says something about a tool holds together: any denial denies, any approval asks, the least of each limit counts. */
export const ToolRule = z
  .strictObject({
    /** Name of the tool; `*` stands for anything. */
    match: z
      .string()
      .regex(/^[a-zA-Z0-9_*-]{1,64}$/, { error: "expected the name of a tool, in which * stands for anything" }),
    /** It is not to run. @default false */
    deny: z.boolean().optional(),
    /** Told with a denial, and to people who are to approve. At most 500 characters. */
    reason: z.string().min(1).max(500).optional(),
    /** People are asked first. @default as the tool says */
    approval: z.literal("always", { error: 'expected "always": a policy can only narrow' }).optional(),
    /** Who may approve, where anybody is asked: of several lists those who are in all of them. @default as the tool says */
    approvers: Approvers.optional(),
    /** A scope that whoever the task works for must be good for, beside the tool's own. */
    permission: Scope.optional(),
    /** It counts as one that changes something and must not act twice, whatever it, or the server that it comes from, says of itself. @default as the tool says */
    changes: z.literal(true, { error: "expected true: a policy can only narrow" }).optional(),
    /** Milliseconds of one try. */
    timeoutMs: z.int().min(1).max(86_400_000).optional(),
    /** Of each tool that it matches, in one task. */
    maxCalls: z.int().min(0).max(1_000_000).optional(),
    /** US dollars, of each tool that it matches, in one task: by the price that the tool says. */
    maxCostUsd: z.number().min(0).max(1_000_000).optional(),
  })
  .refine((rule) => SAYING.some((member) => rule[member] !== undefined), {
    error: `expected one of ${SAYING.join(", ")}: it says nothing else`,
  });
export type ToolRule = z.infer<typeof ToolRule>;

export const PolicySpec = z.strictObject({
  /** Names of agents, or labels that they all have. @default all of the tenant */
  agents: z
    .union(
      [
        z.array(z.string().regex(NAME_PATTERN)).min(1).max(200),
        z.strictObject({ labels: z.record(z.string().max(63), z.string().max(63)) }),
      ],
      { error: "expected names of agents, or { labels: { NAME: VALUE } }" },
    )
    .optional(),
  tools: z.array(ToolRule).min(1).max(100),
});
export type PolicySpec = z.infer<typeof PolicySpec>;

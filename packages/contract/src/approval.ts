/** Decisions that tasks wait for, what people are shown of them, and what they answer. */
import { z } from "zod";

/** The longest that a decision may be waited for with an expiry, and until a reminder or an escalation. */
export const MAX_APPROVAL_MS = 366 * 86_400_000;
/** Of what is shown with a decision, prompt and choices included, as JSON: it stands in the log with every reminder. */
export const MAX_SHOWN_BYTES = 65_536;
/** Most refused answers of one question that its task's log records; what comes after is refused as well, and told to the node's log only. */
export const MAX_RECORDED_REFUSALS = 100;
export const DEFAULT_CHOICES: readonly string[] = ["approve", "reject"];

const CallerName = z.string().min(1).max(256);
const CallerNames = z
  .array(CallerName)
  .min(1)
  .max(100)
  .refine((names) => new Set(names).size === names.length, { error: "expected each caller once" });
const Choice = z.string().min(1).max(200);
const Choices = z
  .array(Choice)
  .min(1)
  .max(20)
  .refine((choices) => new Set(choices).size === choices.length, { error: "expected each choice once" });
const DelayMs = z.int().min(1).max(MAX_APPROVAL_MS);
const EpochMs = z.int().nonnegative();
const Hex = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `expected ${digits} hexadecimal digits`);

/** What `ctx.waitForDecision` asks for, but for its key and signal. */
export const ApprovalAsked = z.strictObject({
  prompt: z.string().min(1),
  show: z.unknown().optional(),
  choices: Choices.default([...DEFAULT_CHOICES]),
  approvers: CallerNames.optional(),
  fourEyes: z.int().min(1).max(10).optional(),
  expiresMs: DelayMs.optional(),
  remindMs: DelayMs.optional(),
  escalate: z.strictObject({ afterMs: DelayMs, to: CallerNames }).optional(),
});
export type ApprovalAsked = z.infer<typeof ApprovalAsked>;

/** A decision as it stands in the log. Times in milliseconds since 1970. */
export const ApprovalQuestion = z.object({
  /** Names one question of one task: a hash of tenant, task, checkpoint and path of the call. */
  id: Hex(32),
  prompt: z.string(),
  show: z.unknown().optional(),
  choices: Choices,
  /** SHA-256 of prompt, show and choices. */
  contentHash: Hex(64),
  /** Absent: whoever may send messages to the task. */
  approvers: CallerNames.optional(),
  /** So many different people must choose the same, the task's caller not among them. Absent: one, and it may be the caller. */
  fourEyes: z.int().min(1).max(10).optional(),
  askedAt: EpochMs,
  expiresAt: EpochMs.optional(),
  remindAt: EpochMs.optional(),
  escalate: z.object({ at: EpochMs, to: CallerNames }).optional(),
});
export type ApprovalQuestion = z.infer<typeof ApprovalQuestion>;

/** Why an answer was refused. */
export const REFUSAL_REASONS = [
  "stale",
  "repeated",
  "forged",
  "foreign",
  "changed",
  "expired",
  "notApprover",
  "fourEyes",
  "delegate",
  "choice",
  "message",
] as const;
export const RefusalReason = z.enum(REFUSAL_REASONS);
export type RefusalReason = z.infer<typeof RefusalReason>;

/** What an approver says: a choice, or to whom they hand their part. */
export const DecisionAnswer = z
  .strictObject({
    /** From the approver's inbox. Good for one answer. */
    token: z.string().min(1).max(1000),
    choice: Choice.optional(),
    /** Hands the approver's part to this caller, who gets a token of their own. */
    delegateTo: CallerName.optional(),
    comment: z.string().min(1).max(4000).optional(),
    /** Of what was shown to the approver: an answer to anything else is refused. @default what the token was made for */
    contentHash: Hex(64).optional(),
    /** Makes a repeated call harmless: the same id with the same answer is told what was told before. @default a new one */
    id: z.string().min(1).max(256).optional(),
  })
  .refine(({ choice, delegateTo }) => (choice === undefined) !== (delegateTo === undefined), {
    error: "expected exactly one of choice, delegateTo",
  });
export type DecisionAnswer = Readonly<z.infer<typeof DecisionAnswer>>;

/**
 * A backup: gzip'd lines of JSON. The first is the header, the last the footer with what came between, counted and hashed, so that a file
 * that was cut or changed is noticed. One format for all stores: what one has written, another can restore.
 */
import { PRIORITIES, TASK_STATES } from "@agentcore/contract";
import { MAILBOX_KINDS, type StoreRow } from "@agentcore/core/ports";
import { z } from "zod";

/**
 * Raised when an older AgentCore could not restore what a newer one writes; files of earlier versions are restored. 2: accounts, reservations
 * and usage of model calls. 3: when accounts end.
 */
export const FORMAT_VERSION = 3;

export const BackupHeader = z.object({
  format: z.literal("agentcore-backup", { error: "this is no backup of AgentCore" }),
  version: z.number(),
  /** Version of the AgentCore that wrote it. */
  agentcore: z.string(),
  /** ISO 8601. */
  takenAt: z.string(),
  store: z.enum(["sqlite", "postgres"]),
});
export type BackupHeader = z.infer<typeof BackupHeader>;

const BlobName = z.object({ tenantId: z.string(), namespace: z.string(), name: z.string() });
export type BlobName = z.infer<typeof BlobName>;

export const BackupFooter = z.object({
  /** Rows by kind. */
  counts: z.record(z.string(), z.int().nonnegative()),
  /** Hex SHA-256 of all lines before, newlines included. */
  sha256: z.string(),
  /** Blobs that the rows refer to and the store did not have any more, or not as they were; absent when there are none. */
  missing: z.object({ count: z.int().positive(), first: z.array(BlobName) }).optional(),
});
export type BackupFooter = z.infer<typeof BackupFooter>;
export type MissingBlobs = NonNullable<BackupFooter["missing"]>;

const whole = z.int().nonnegative();
const time = z.number();
const ofTask = { tenantId: z.string(), taskId: z.string() };

const ofUsage = {
  ...{ hour: whole, agent: z.string(), team: z.string(), model: z.string(), caller: z.string() },
  ...{ calls: whole, estimatedCalls: whole, inputTokens: whole, cachedInputTokens: whole },
  ...{ outputTokens: whole, costNanoUsd: whole, cacheHits: whole, savedNanoUsd: whole },
};

const Row = z.discriminatedUnion("kind", [
  z.strictObject({
    ...{ kind: z.literal("task"), ...ofTask, agent: z.string(), revision: z.string(), contextId: z.string() },
    ...{ caller: z.string(), state: z.enum(TASK_STATES), seq: whole, checkpointSeq: whole, floor: whole, token: whole },
    ...{ dueAt: time.nullable(), priority: z.enum(PRIORITIES), attempts: whole, deadline: time.nullable() },
    parent: z.object({ taskId: z.string(), path: z.string() }).nullable(),
    ...{ createdAt: time, updatedAt: time, exclusive: z.boolean(), folded: z.boolean() },
  }),
  z.strictObject({ kind: z.literal("event"), ...ofTask, seq: whole, type: z.string(), at: time, data: z.string() }),
  z.strictObject({
    ...{ kind: z.literal("mail"), ...ofTask, key: z.string(), mail: z.enum(MAILBOX_KINDS), payload: z.string() },
    ...{ insertedAt: time, consumed: z.boolean() },
  }),
  z.strictObject({
    ...{ kind: z.literal("outgoing"), tenantId: z.string(), id: z.string() },
    ...{ message: z.literal("event"), payload: z.string() },
  }),
  z.strictObject({ kind: z.literal("blobReference"), ...ofTask, name: z.string() }),
  z.strictObject({ kind: z.literal("idempotencyKey"), ...ofTask, caller: z.string(), key: z.string() }),
  z.strictObject({
    ...{ kind: z.literal("value"), tenantId: z.string(), namespace: z.string(), key: z.string() },
    ...{ value: z.string(), version: whole, expiresAt: time.nullable() },
  }),
  z.strictObject({
    ...{ kind: z.literal("account"), tenantId: z.string(), account: z.string(), spent: whole, reserved: whole },
    endsAt: whole.nullable().default(null),
  }),
  z.strictObject({
    ...{ kind: z.literal("reservation"), tenantId: z.string(), key: z.string(), expiresAt: whole },
    amounts: z.array(z.strictObject({ account: z.string(), amount: whole, ceiling: whole })),
    usage: z.strictObject(ofUsage),
  }),
  z.strictObject({ kind: z.literal("usage"), tenantId: z.string(), ...ofUsage }),
  z.strictObject({
    ...{
      kind: z.literal("blob"),
      tenantId: z.string(),
      namespace: z.string(),
      name: z.string(),
      bytes: z.base64(),
      isLast: z.boolean(),
    },
  }),
]) satisfies z.ZodType<StoreRow>;

/** One line of a backup: exactly one of these. */
export const BackupLine = z.union([
  Row,
  z.strictObject({ header: BackupHeader }),
  z.strictObject({ footer: BackupFooter }),
]);
export type BackupLine = z.infer<typeof BackupLine>;

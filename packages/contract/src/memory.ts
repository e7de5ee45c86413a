/** Long-term memory: pools as manifests declare them (`kind: MemoryPool`), and entries as the API tells of them. */
import { z } from "zod";
import { DurationText } from "./duration.ts";
import { NAME_PATTERN } from "./message.ts";
import { ModelName } from "./model-manifest.ts";

/** Pools of this name are no pool: what they say holds for every agent's own, or for every agent's own of each caller. */
export const PRIVATE_POOLS = ["agent", "caller"] as const;

const AgentName = z.string().regex(NAME_PATTERN, { error: "expected an agent's name" });
const CallerName = z.string().min(1).max(256);

/**
 * Whom a right is for: all that is said must hold. An agent has it by its name or its labels, for the tasks of `caller` alone where that stands beside
 * them; `caller` by itself is a person or program at the HTTP API, and no agent. "*": any of the tenant.
 */
export const MemoryRight = z
  .strictObject({
    agent: z.union([z.literal("*"), AgentName]).optional(),
    labels: z.record(z.string().min(1).max(63), z.string().max(63)).optional(),
    caller: CallerName.optional(),
  })
  .refine(({ agent, labels = {}, caller }) => [agent, caller].some(Boolean) || Object.keys(labels).length > 0, {
    error: "expected agent, labels or caller",
  });
export type MemoryRight = z.infer<typeof MemoryRight>;

const Rights = z.array(MemoryRight).max(50);

const Weight = z.number().min(0).max(1);

/** What is not said has its default (docs/memory.md). */
export const MemoryPoolSpec = z.strictObject({
  description: z.string().max(1024).optional(),
  /** Who may recall. @default nobody */
  read: Rights.optional(),
  /** Who may remember, and forget what they remembered themselves. @default nobody */
  write: Rights.optional(),
  /** A model that makes vectors of text. @default the node's; without one, words alone */
  embedder: ModelName.optional(),
  /** @default 10,000 */
  maxEntries: z.int().min(1).max(100_000).optional(),
  /** When there is no room: what is worth least goes, or nothing more is taken (OVERLOADED). @default "forget" */
  whenFull: z.enum(["forget", "refuse"]).optional(),
  /** Longest that anything is kept. @default for ever */
  ttl: DurationText.optional(),
  /** What was not used for so long counts half. @default 30d */
  halfLife: DurationText.optional(),
  /** Shares of a rank. @default 0.8, 0.1, 0.1 */
  weights: z.strictObject({ relevance: Weight, recency: Weight, importance: Weight }).optional(),
});
export type MemoryPoolSpec = z.infer<typeof MemoryPoolSpec>;

const epochMs = z.number();

/** One thing that is remembered. */
export const MemoryEntry = z.object({
  id: z.string(),
  /** `agent:NAME`, `caller:NAME/CALLER` or the name of a MemoryPool. */
  pool: z.string(),
  text: z.string(),
  data: z.unknown().optional(),
  tags: z.array(z.string()),
  /** What it came from: the task and its step, in whose conversation, for whom, of which document. */
  source: z.object({
    taskId: z.string(),
    path: z.string(),
    contextId: z.string(),
    caller: z.string(),
    document: z.string().optional(),
  }),
  /** `agent:NAME` */
  writtenBy: z.string(),
  at: epochMs,
  expiresAt: epochMs.optional(),
  /** 0 to 1. */
  importance: z.number(),
  lastUsedAt: epochMs,
  uses: z.int(),
});
export type MemoryEntry = z.infer<typeof MemoryEntry>;

export const MemoryPoolStatus = z.object({
  name: z.string(),
  entries: z.int(),
  maxEntries: z.int(),
  /** The model whose vectors it is searched by; null: by words alone. */
  embedder: z.string().nullable(),
  /** Whether a MemoryPool says so, or it is an agent's own. */
  declared: z.boolean(),
  createdAt: epochMs.nullable(),
});
export type MemoryPoolStatus = z.infer<typeof MemoryPoolStatus>;

export const Recollection = MemoryEntry.extend({
  /** 0 to 1: of this search, and no measure between searches. */
  score: z.number(),
  reasons: z.array(z.string()),
});

/** Best first. */
export const Recalled = z.object({ memories: z.array(Recollection), reasons: z.array(z.string()) });
export type Recalled = z.infer<typeof Recalled>;

export const Forgotten = z.object({
  count: z.int(),
  /** The first hundred. */
  ids: z.array(z.string()),
});
export type Forgotten = z.infer<typeof Forgotten>;

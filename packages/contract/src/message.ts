/** The one envelope: everything that moves between agents is a Message on the bus. */
import { z } from "zod";
import { Priority } from "./events.ts";

export const MESSAGE_TYPES = ["command", "query", "event", "response"] as const;
export const SCHEMA_VERSION = "1.0";

// Kubernetes' rule for names (RFC 1123 label), so that an agent's name can be a subject, a path and a label.
export const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const TARGET_PATTERN = /^(agent:[a-z0-9-]+|capability:[\w.-]+|need:.+|labels:.+|topic:[\w.*-]+)$/s;

/** `agent:<name>`, `capability:<skill id>`, `need:<plain words>`, `labels:<k=v,…>` or `topic:<event type>`. */
export const TargetText = z
  .string()
  .max(1024)
  .regex(TARGET_PATTERN, { error: 'expected "agent:…", "capability:…", "need:…", "labels:…" or "topic:…"' });

export const AuthContext = z.object({ caller: z.string(), permissions: z.array(z.string()).optional() });
export type AuthContext = z.infer<typeof AuthContext>;

const MessageShape = z.object({
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(256),
  target: TargetText,
  type: z.enum(MESSAGE_TYPES),
  payload: z.unknown(),
  /** Milliseconds since 1970. */
  timestamp: z.number().int().nonnegative(),
  correlationId: z.string().max(256).optional(),
  priority: Priority.default("normal"),
  schemaVersion: z.string().default(SCHEMA_VERSION),
  tenantId: z.string().min(1).max(63),
  /** W3C trace context. */
  traceparent: z.string().max(128).optional(),
  idempotencyKey: z.string().max(256).optional(),
  /** Milliseconds since 1970; after it nobody waits for an answer. */
  deadline: z.number().int().nonnegative().optional(),
  auth: AuthContext.optional(),
  taskId: z.string().max(256).optional(),
});
export type Message = z.infer<typeof MessageShape>;

const snakeToCamel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Accepts the snake_case spelling of every field as well. */
export const Message = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, member]) => [snakeToCamel(key), member]))
      : value,
  MessageShape,
);
export const MessageJsonShape = MessageShape;

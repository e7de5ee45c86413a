import type { AuthContext, Message, Target } from "@agentcore/contract";
import type { RouteConstraints } from "../routing/index.ts";

/** A message before the bus completes it. A whole `Message` is one too: its own id and timestamp are kept. */
export interface MessageDraft {
  readonly tenantId: string;
  readonly source: string;
  /** As a value or as spelled on the wire. */
  readonly target: Target | string;
  readonly payload: unknown;
  /** When given it must be the primitive's own. */
  readonly type?: Message["type"] | undefined;
  readonly id?: string | undefined;
  readonly timestamp?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly priority?: Message["priority"] | undefined;
  readonly schemaVersion?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Milliseconds since 1970. */
  readonly deadline?: number | undefined;
  readonly auth?: AuthContext | undefined;
  readonly taskId?: string | undefined;
}

/** Who calls, as somebody trusted established it: a front door, the engine, a transport's peer check. */
export interface Caller extends AuthContext {
  readonly tenantId: string;
}

export interface CallOptions {
  /** Wins over `message.auth`, which is only data when it comes from elsewhere. */
  readonly caller?: Caller | undefined;
  /** The call rejects with CANCELED and the handler's signal aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Queries only; ignored when the message has a deadline. @default limits.queryTimeoutMs */
  readonly timeoutMs?: number | undefined;
  readonly constraints?: RouteConstraints | undefined;
  /** Calls with one key go to one replica while it lives, for example a context's id. */
  readonly stickyKey?: string | undefined;
}

import type { Credential, PlatformError, Priority, Target } from "@agentcore/contract";
import type { Authorization } from "@agentcore/contract/authoring";
import type { Budgets, DeclaredPolicy } from "../governance/index.ts";
import type {
  KeyValue,
  MailboxReading,
  ModelProvider,
  Senses,
  Settlement,
  TaskKey,
  ToolProvider,
} from "../ports/index.ts";
import type { EventWait } from "./event-waits.ts";
import type { Execution } from "./execution.ts";
import type { ExecutionHead } from "./execution-head.ts";
import type { OpenCall } from "./open-call.ts";

/** What an execution asks of the engine around it. */
export interface ExecutionServices {
  readonly node: string;
  readonly senses: Senses;
  readonly keyValue: KeyValue;
  readonly models: ModelProvider | null;
  /** Null: nobody counts what tools cost. */
  readonly budgets: Pick<Budgets, "reserve" | "settlement" | "grant"> | null;
  /** Of the tenant, as they are declared now. */
  policies(tenantId: string): readonly DeclaredPolicy[];
  readonly tools: ToolProvider | null;
  /** There may be something to commit; asked for it after the current turn. */
  markDirty(execution: Execution): void;
  /** What its code ran in is gone: a lost try, which goes on from its log. */
  lost(execution: Execution, why: PlatformError): void;
  /** Begins an effect, as soon as the lease of this process is known to be fresh. */
  whenFresh(begin: () => void): void;
  /** A task that only waits stays in memory for that child of it: it runs here, and will be back soon. */
  staysFor(head: ExecutionHead, childTaskId: string): boolean;
  mailbox(key: TaskKey): Promise<MailboxReading>;
  /** A model of the task has said something that the log does not have yet. Costs nothing where nobody reads along. */
  spoke(key: TaskKey): void;
  /** A task's log has it: agents failed so, by the choice of a decision, which may be any text. */
  sawFailure(execution: Execution, mode: string): void;
  /** What a call came to whose task has no log to write any more. A store that does not answer counts it as the worst case in time. */
  settle(tenantId: string, settlement: Settlement): void;
  /** The secret behind an authorisation of the task. */
  credential(key: TaskKey, authorization: Authorization): Promise<Credential>;
  /**
   * Sends a command through the bus; when the bus has chosen, `execution` gets a child for `call`. Rejects with the
   * bus's error (NO_CANDIDATE, OVERLOADED …).
   */
  command(execution: Execution, call: OpenCall, request: ChildRequest): Promise<void>;
  query(
    execution: Execution,
    request: {
      readonly target: Target;
      readonly payload: unknown;
      readonly skill?: string | undefined;
      readonly timeoutMs?: number | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<unknown>;
  /** Of the platform's memory; `path` is the call's. Rejects with what that throws, UNSUPPORTED_OPERATION where there is none. */
  remembers(execution: Execution, request: MemoryCall): Promise<unknown>;
  /** Of what an agent's next task runs; null when it is not declared any more. */
  revisionOf(tenantId: string, agent: string): string | null;
  /** Whoever carries an event knows of the wait when it resolves. Idempotent. Rejects with INVALID_ARGUMENT, OVERLOADED. */
  awaitEvent(tenantId: string, wait: EventWait): Promise<void>;
  /** Nobody waits so any more. */
  forgetEvent(tenantId: string, wait: EventWait): void;
  /** Tells whoever listens now. */
  emit(execution: Execution, topic: string, payload: unknown, id: string): void;
}

export interface MemoryCall {
  readonly type: "command" | "query";
  readonly pool: string;
  readonly path: string;
  /** `operation` and what it takes. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

export interface ChildRequest {
  readonly target: Target;
  readonly payload: unknown;
  readonly skill?: string | undefined;
  /** @default the execution's own */
  readonly priority?: Priority | undefined;
  readonly deadline: number | null;
  readonly attempt: number;
  /** Agents already tried for this call. */
  readonly exclude: readonly string[];
  /** Of a need: aborts when nobody waits any more for who can do it. */
  readonly signal?: AbortSignal | undefined;
}

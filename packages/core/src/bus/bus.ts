import type { Discovery, NearAgent } from "../discovery/finding.ts";
import type { Senses } from "../ports/index.ts";
import type { AgentRegistry } from "../registry/index.ts";
import type { CandidateScore, RoutingDecision, ScoreWeights } from "../routing/index.ts";
import type { Authoriser } from "./authorise.ts";
import type { Interceptor } from "./bus-call.ts";
import type { CommandAccepted, Delivery, EventHandler } from "./delivery.ts";
import type { BusLimits } from "./limits.ts";
import type { Caller, CallOptions, MessageDraft } from "./message-draft.ts";
import type { CallRecord } from "./record.ts";

/** How a message would be routed. */
export interface Found {
  readonly decision: RoutingDecision;
  /** Those who could take it now, the one that would get it first. */
  readonly ranked: readonly CandidateScore[];
  /** Of a need that nobody meets: who comes nearest. */
  readonly nearest: readonly NearAgent[];
  /** Of a need: a model was to be asked and could not be. */
  readonly isPartial: boolean;
}

/** The only way between agents (I8). Every method passes the whole chain. */
export interface Bus {
  /**
   * Asks and resolves with the answer's payload; for `labels:` with one `AgentAnswer` per agent. Retries and fails over by itself.
   * Throws the answering agent's error, or INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, OVERLOADED,
   * TARGET_UNSUPPORTED, AGENT_NOT_FOUND, NO_CANDIDATE, UNAVAILABLE, CIRCUIT_OPEN, BULKHEAD_FULL, DEADLINE_EXCEEDED, CANCELED.
   */
  query(message: MessageDraft, options?: CallOptions): Promise<unknown>;
  /** Hands durable work to the task engine, once; resolves when it is accepted. Throws as `query`; `labels:` is TARGET_UNSUPPORTED. */
  command(message: MessageDraft, options?: CallOptions): Promise<CommandAccepted>;
  /** Who would get such a command now, or such a query where the draft says so, and why; nothing is handed over. Throws as `command`, but for nobody: then the decision has no choice. */
  find(message: MessageDraft, options?: CallOptions): Promise<Found>;
  /** Tells the subscribers of this process now; nothing is kept. The target is `topic:…`. Resolves with how many were told. */
  emit(event: MessageDraft, options?: CallOptions): Promise<number>;
  /**
   * `pattern` is `a.b`, `a.*` or `*`. Returns the way to unsubscribe. Sees events of its tenant only (I7). Throws INVALID_ARGUMENT,
   * OVERLOADED.
   */
  subscribe(tenantId: string, pattern: string, handler: EventHandler): () => void;
  /**
   * A message from another process: checked in full, then sent like any other. `caller` is what the transport established; the message's own
   * `auth` is not believed.
   */
  acceptForeign(json: unknown, caller: Caller, options?: Omit<CallOptions, "caller">): Promise<unknown>;
  /**
   * How accepted work came out, long after the command was handed over. `failed` means a failure that another try or
   * another agent might not have: it counts towards the agent's breaker, so that new work prefers others meanwhile.
   */
  taskEnded(end: { readonly tenantId: string; readonly agent: string; readonly failed: boolean }): void;
  /** Refuses new calls with UNAVAILABLE; those under way end by themselves. */
  close(): void;
}

export interface BusOptions {
  readonly registry: AgentRegistry;
  readonly senses: Senses;
  readonly deliver: Delivery;
  readonly limits?: Partial<BusLimits> | undefined;
  /** Extra stages, run in order between trace and route: they see authorised calls and cannot reach the delivery. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** @default same tenant may, all others may not */
  readonly authoriser?: Authoriser | undefined;
  readonly weights?: ScoreWeights | undefined;
  /** Finds who can do what a `need:` says. @default nobody does: TARGET_UNSUPPORTED */
  readonly discovery?: Discovery | undefined;
  /** Called once per call, also for refused ones. Must be quick and not throw. */
  readonly onCall?: ((record: CallRecord) => void) | undefined;
  /** 0 ≤ x < 1, for jitter and picks. @default a generator seeded from `Ids` */
  readonly random?: (() => number) | undefined;
}

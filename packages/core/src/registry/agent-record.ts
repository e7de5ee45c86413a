import type { AgentSkill } from "@agentcore/contract";

/** A slot in a host that can run an agent. The registry owns the measured fields; everyone else only reads them. */
export interface Replica {
  readonly id: string;
  readonly nodeId: string;
  /** Calls under way. */
  inflight: number;
  /** Moving average of answer times; undefined until one was measured. */
  latencyMs: number | undefined;
  /** Failures in a row. */
  failures: number;
  /** This node's `Clock.monotonic()` when the last heartbeat arrived: never another machine's clock. */
  lastHeartbeat: number;
  /** What the host says of itself, for example false while it drains. */
  healthy: boolean;
}

export interface ConcurrencyLimits {
  /** Calls at once. @default 100 (the class "unknown"; see the bulkhead rows of docs) */
  readonly maxConcurrent?: number | undefined;
  /** Calls waiting. @default 2 × maxConcurrent */
  readonly maxQueued?: number | undefined;
}

/** What the router knows of one agent of one tenant. */
export interface AgentRecord {
  readonly tenantId: string;
  readonly name: string;
  /** The revision new work goes to. */
  readonly revision: string;
  readonly description: string;
  readonly skills: readonly AgentSkill[];
  readonly labels: Readonly<Record<string, string>>;
  /** Event types or patterns (`loan.*`) whose durable events start a task of this agent. */
  readonly subscribes: readonly string[];
  /** US dollars per task; undefined counts as 0.01. */
  readonly cost?: number | undefined;
  /** Milliseconds it says that it takes; counts until one of its replicas was measured. Undefined counts as 100. */
  readonly latencyMs?: number | undefined;
  /** 0 to 1; undefined counts as 0.75. */
  readonly quality?: number | undefined;
  readonly idempotent: boolean;
  readonly limits?: ConcurrencyLimits | undefined;
  /** One of the platform's: reached by its name or skill, found by no need, in no list; whoever sends to it says that it is there. @default false */
  readonly ofPlatform?: boolean | undefined;
  readonly replicas: readonly Replica[];
}

/** A replica before its first heartbeat; `AgentRegistry.register` counts as that heartbeat. */
export const createReplica = (id: string, nodeId: string): Replica => ({
  id,
  nodeId,
  inflight: 0,
  latencyMs: undefined,
  failures: 0,
  lastHeartbeat: 0,
  healthy: true,
});

/** `now` is monotonic. */
export const isLive = (replica: Replica, now: number, heartbeatTimeoutMs: number): boolean =>
  replica.healthy && now - replica.lastHeartbeat <= heartbeatTimeoutMs;

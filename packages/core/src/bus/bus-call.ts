import type { Target } from "@agentcore/contract";
import type { Finding } from "../discovery/finding.ts";
import type { AgentRecord } from "../registry/index.ts";
import type { RouteChoice, RoutingDecision } from "../routing/index.ts";
import type { AgentGuards, GuardedCandidate } from "./agent-guards.ts";
import type { Envelope } from "./delivered.ts";
import type { Caller, CallOptions } from "./message-draft.ts";

/** One message on its way through the chain; each stage fills in what the next ones rely on. One allocation per call. */
export class BusCall {
  readonly message: Envelope;
  readonly options: CallOptions;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Wall time at the start. */
  readonly startedAtWall: number;
  /** validate */
  target: Target | undefined = undefined;
  /** authenticate */
  caller: Caller | undefined = undefined;
  /** route: everyone the target means; for a member of a multicast just that one. */
  candidates: readonly GuardedCandidate[] = NOBODY;
  decision: RoutingDecision | undefined = undefined;
  /** route: of a need, how the candidates were found. */
  finding: Finding | undefined = undefined;
  choice: RouteChoice | undefined = undefined;
  guards: AgentGuards | undefined = undefined;
  /** guard: candidates given up on. */
  failed: Set<AgentRecord> | undefined = undefined;
  signal: AbortSignal | undefined = undefined;
  /** Deliveries tried. */
  attempts = 0;

  constructor(message: Envelope, options: CallOptions, startedAt: number, startedAtWall: number) {
    this.message = message;
    this.options = options;
    this.startedAt = startedAt;
    this.startedAtWall = startedAtWall;
  }
}

const NOBODY: readonly GuardedCandidate[] = [];

/** Goes on with the rest of the chain. May throw or reject; the bus turns both into a rejection. */
export type Next = (call: BusCall) => Promise<unknown>;

/** A stage. Stages are plain functions that hand on the promise of the next: an async one costs three turns of the microtask queue. */
export interface Interceptor {
  readonly name: string;
  intercept(call: BusCall, next: Next): Promise<unknown>;
}

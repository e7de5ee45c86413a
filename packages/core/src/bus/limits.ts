import type { CircuitBreakerOptions } from "../routing/index.ts";

/** Every bound of the bus; each has a default. */
export interface BusLimits {
  /** For queries that name no deadline. @default 30000 */
  readonly queryTimeoutMs: number;
  /** Waits before the 2nd, 3rd … try of a query with one candidate. @default [100, 200, 400] */
  readonly retryDelaysMs: readonly number[];
  /** Messages per second of one caller of one tenant, after its burst. @default 100000 */
  readonly ratePerSecond: number;
  /** @default 100000: one second's worth */
  readonly burst: number;
  /** Callers whose rate is remembered. @default 10000 */
  readonly maxCallers: number;
  /** Resolved targets kept. @default 10000 */
  readonly routeCacheSize: number;
  /** Queries at once for an agent that declares no limit; twice as many may wait. @default 100 */
  readonly maxConcurrent: number;
  readonly breaker: CircuitBreakerOptions;
  /** Agents one query to `labels:` may reach. @default 1000 */
  readonly maxFanOut: number;
  /** @default 10000 */
  readonly maxSubscriptionsPerTenant: number;
  /** Events one subscriber may work on at once; more are dropped and counted (they are volatile). @default 1000 */
  readonly maxEventsInFlight: number;
}

export const DEFAULT_BUS_LIMITS: BusLimits = {
  queryTimeoutMs: 30_000,
  retryDelaysMs: [100, 200, 400],
  ratePerSecond: 100_000,
  burst: 100_000,
  maxCallers: 10_000,
  routeCacheSize: 10_000,
  maxConcurrent: 100,
  breaker: {},
  maxFanOut: 1_000,
  maxSubscriptionsPerTenant: 10_000,
  maxEventsInFlight: 1_000,
};

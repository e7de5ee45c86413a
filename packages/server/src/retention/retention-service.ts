/** What policies let go: asked for by operators, and once an hour by itself, on one node at a time. */

import { PlatformError } from "@agentcore/contract";
import { sweepBlobs } from "@agentcore/core/payloads";
import type { BlobStore, KeyValue, Senses, TaskKey } from "@agentcore/core/ports";
import { type Collected, type CollectServices, collectTenant, cutoffs, RetentionLoop } from "@agentcore/core/retention";
import type { TaskEngine, TenantPolicy } from "@agentcore/core/tasks";
import type { RetentionService } from "../gateway/deps/retention-service.ts";
import { SYSTEM_TENANT } from "../gateway/deps/tenants.ts";
import type { Metrics } from "../metrics.ts";

// What a call may take: a minute, on a slow disk.
const MAX_TASKS = 1_000;
const MAX_TASKS_DRY = 10_000;

export interface LocalRetentionService extends RetentionService {
  start(): void;
  close(): Promise<void>;
}

export const createRetentionService = (options: {
  readonly engine: TaskEngine;
  readonly keyValue: KeyValue;
  readonly blobs: BlobStore;
  readonly policies: ReadonlyMap<string, TenantPolicy>;
  /** Tenants that have, or had, agents. */
  readonly tenantIds: () => Promise<readonly string[]>;
  readonly senses: Senses;
  readonly metrics: Metrics;
  readonly node: string;
  /** Told of each task that was removed. */
  readonly onRemoved?: ((key: TaskKey) => void) | undefined;
  /** What of the tenant's memories is over goes. */
  readonly sweepMemory: (tenantId: string, signal?: AbortSignal) => Promise<void>;
  /** Tasks of the tenant hear of consent that nobody told them of. */
  readonly sweepConsents: (tenantId: string, signal?: AbortSignal) => Promise<void>;
  /** Of the tenant's coding agents, on this node; when somebody asks. */
  readonly sweepHomes: (tenantId: string, signal?: AbortSignal) => Promise<void>;
  /** 0: only when somebody asks. */
  readonly intervalMs: number;
}): LocalRetentionService => {
  const { engine, policies, senses, metrics, intervalMs } = options;
  const { clock, logger } = senses;
  const services: CollectServices = {
    ...{ store: engine.store, clock, logger },
    onRemoved: (key) => {
      engine.recent.forget(key);
      options.onRemoved?.(key);
    },
  };
  const totals = { removedTasks: 0, compactedTasks: 0, removedSums: 0, failedTasks: 0 };
  let failedTurns = 0;
  metrics.counter("agentcore_retention_removed_tasks", "Tasks removed by this node.", () => totals.removedTasks);
  metrics.counter("agentcore_retention_compacted_tasks", "Logs compacted by this node.", () => totals.compactedTasks);
  metrics.counter(
    "agentcore_retention_removed_sums",
    "Sums of usage and counters of budgets removed by this node.",
    () => totals.removedSums,
  );
  metrics.counter(
    "agentcore_retention_failed_tasks",
    "Tasks that could not be removed or compacted.",
    () => totals.failedTasks,
  );
  metrics.counter("agentcore_retention_failed_turns", "Turns of a tenant that broke off.", () => failedTurns);
  const count = (collected: Collected): void => {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += collected[name];
    const { tenantId, isMore, error, ...counts } = collected;
    if (error !== null) failedTurns += 1;
    if (Object.values(counts).some((number) => number > 0))
      logger.log("info", "retention", { tenantId, isMore, ...counts });
  };
  const sweepRemains = async (tenantId: string, signal?: AbortSignal): Promise<void> => {
    await engine.sweepRemains(tenantId, signal);
    await options.sweepMemory(tenantId, signal);
    await options.sweepConsents(tenantId, signal);
  };
  const loop = new RetentionLoop({
    ...services,
    ...{
      keyValue: options.keyValue,
      blobs: options.blobs,
      node: options.node,
      life: senses.ids.next(),
      systemTenant: SYSTEM_TENANT,
      policies,
      intervalMs,
    },
    remains: { tenants: options.tenantIds, sweep: sweepRemains },
    onCollected: count,
    onSweepFailed: () => (failedTurns += 1),
  });
  return {
    async tenants() {
      const declared = [...policies].flatMap(([tenantId, { retention }]) =>
        retention === undefined ? [] : [tenantId],
      );
      return [...new Set([...declared, ...(await engine.store.ledgerTenants())])];
    },
    async collect({ tenantId, olderThanMs, dryRun, signal }) {
      const now = clock.now();
      const due =
        olderThanMs === undefined
          ? cutoffs(policies.get(tenantId)?.retention ?? {}, now)
          : { removeBefore: now - olderThanMs, compactBefore: null, removeUsageBefore: null };
      const maxTasks = dryRun ? MAX_TASKS_DRY : MAX_TASKS;
      const request = { tenantId, ...due, dryRun, maxTasks, signal };
      const collected = await collectTenant(services, request);
      if (dryRun) return collected;
      count(collected);
      if (collected.isMore) return collected;
      try {
        await sweepRemains(tenantId, signal);
        await options.sweepHomes(tenantId, signal);
        await sweepBlobs({ tasks: engine.store, blobs: options.blobs, tenantId, now: clock.now(), signal });
        return collected;
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        logger.log("error", `cannot sweep: ${error.message}`, { tenantId });
        failedTurns += 1;
        return { ...collected, error };
      }
    },
    start() {
      if (intervalMs > 0) loop.start();
    },
    close: () => loop.close(),
  };
};

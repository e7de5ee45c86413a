/** Collects by policy once an interval, on one node at a time, until it is closed. */
import { PlatformError } from "@agentcore/contract";
import { PAYLOADS, sweepBlobs } from "../payloads/index.ts";
import type { BlobStore, KeyValue, Timer } from "../ports/index.ts";
import type { TenantPolicy } from "../tasks/tenant-policy.ts";
import { type Collected, type CollectServices, collectTenant, cutoffs } from "./collect-tenant.ts";
import { TurnLease } from "./turn-lease.ts";

export interface RetentionLoopOptions extends CollectServices {
  readonly keyValue: KeyValue;
  readonly blobs: Pick<BlobStore, "tenants" | "list" | "delete">;
  readonly node: string;
  /** As TurnLease has it. */
  readonly life: string;
  /** Tenant that holds what belongs to no tenant. */
  readonly systemTenant: string;
  readonly policies: ReadonlyMap<string, TenantPolicy>;
  /** Milliseconds from one turn to the next; the first is as long after the start. */
  readonly intervalMs: number;
  readonly onCollected: (collected: Collected) => void;
  /** Tenants whose tasks may have left something behind beside their logs, such as credentials, and how that is removed. */
  readonly remains: {
    readonly tenants: () => Promise<readonly string[]>;
    readonly sweep: (tenantId: string, signal: AbortSignal) => Promise<void>;
  };
  /** Called when a tenant's blobs or remains could not be swept. */
  readonly onSweepFailed?: ((tenantId: string) => unknown) | undefined;
}

// Of one tenant before the others have their turn.
const MAX_TASKS = 1000;
const LEASE_MS = 300_000;

export class RetentionLoop {
  private readonly options: RetentionLoopOptions;
  private readonly lease: TurnLease;
  private readonly closing = new AbortController();
  private timer: Timer | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(options: RetentionLoopOptions) {
    this.options = options;
    const { keyValue, clock, node, life, systemTenant } = options;
    const scope = { tenantId: systemTenant, namespace: "turns" };
    this.lease = new TurnLease({ keyValue, clock, scope, key: "retention", node, life, ttlMs: LEASE_MS });
  }

  start(): void {
    if (this.closing.signal.aborted) return;
    this.timer = this.options.clock.after(this.options.intervalMs, () => {
      this.running = this.turn().then(() => this.start());
    });
  }

  /** Resolves when what is under way has been written. */
  async close(): Promise<void> {
    this.closing.abort();
    this.timer?.cancel();
    await this.running;
  }

  private async turn(): Promise<void> {
    try {
      if (!(await this.lease.take())) return;
      await this.collectAll();
      await this.sweepAll();
      await this.sweepRemains();
      await this.lease.release();
    } catch (error) {
      // Looked at again next time.
      this.options.logger.log("warn", `retention: ${PlatformError.from(error).message}`);
    }
  }

  /** Large payloads that no task refers to any more: of removed tasks, and of commits that were refused. */
  private async sweepAll(): Promise<void> {
    const { store, blobs, clock } = this.options;
    const { signal } = this.closing;
    for (const tenantId of await blobs.tenants(PAYLOADS)) {
      if (signal.aborted || !(await this.lease.keep())) return;
      try {
        const { removed } = await sweepBlobs({ tasks: store, blobs, tenantId, now: clock.now(), signal });
        if (removed > 0) this.options.logger.log("info", "blobs swept", { tenantId, removed });
      } catch (thrown) {
        if (signal.aborted) return;
        this.options.logger.log("error", `cannot sweep blobs: ${PlatformError.from(thrown).message}`, { tenantId });
        this.options.onSweepFailed?.(tenantId);
      }
    }
  }

  /** Of tasks whose process died when they ended. */
  private async sweepRemains(): Promise<void> {
    const { remains, logger } = this.options;
    const { signal } = this.closing;
    for (const tenantId of await remains.tenants()) {
      if (signal.aborted || !(await this.lease.keep())) return;
      try {
        await remains.sweep(tenantId, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        logger.log("error", `cannot sweep what tasks left behind: ${PlatformError.from(thrown).message}`, { tenantId });
        this.options.onSweepFailed?.(tenantId);
      }
    }
  }

  /** In rounds, so that a tenant with much to collect keeps no other waiting. */
  private async collectAll(): Promise<void> {
    const { clock, policies, store } = this.options;
    const { signal } = this.closing;
    const declared = [...policies].flatMap(([tenantId, { retention }]) => (retention === undefined ? [] : [tenantId]));
    let waiting = [...new Set([...declared, ...(await store.ledgerTenants())])].sort();
    while (waiting.length > 0) {
      const unfinished: string[] = [];
      for (const tenantId of waiting) {
        const retention = policies.get(tenantId)?.retention ?? {};
        if (signal.aborted || !(await this.lease.keep())) return;
        const request = { tenantId, ...cutoffs(retention, clock.now()), maxTasks: MAX_TASKS, signal };
        // However long it takes, the turn is ours; if not, that is noticed before the next tenant's.
        const onPaced = () => this.lease.keep().catch(() => false);
        const collected = await collectTenant({ ...this.options, onPaced }, request);
        this.options.onCollected(collected);
        // What only fails would come round for ever.
        const { isMore, removedTasks, compactedTasks, removedSums, error } = collected;
        if (isMore && removedTasks + compactedTasks + removedSums > 0 && error === null) unfinished.push(tenantId);
      }
      waiting = unfinished;
    }
  }
}

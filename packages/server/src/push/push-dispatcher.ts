/**
 * Sends the notifications of all tenants, on one node at a time. The store knows what is to be sent and how far it was taken; what is
 * kept here is only which webhook comes when, and is made anew from the store by whichever node has the turn.
 *
 * States of an entry: `idle` (all was sent; its task's log is listened to) → `queued` (waits for room) → `running` → `idle`, or `waiting`
 * (for its next attempt) → `queued`.
 */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Logger, TaskKey, Timer } from "@agentcore/core/ports";
import { Trouble } from "@agentcore/core/tasks";
import type { Metrics } from "../metrics.ts";
import { singleFlight } from "../single-flight.ts";
import type { NodeTurns } from "../turns/node-turns.ts";
import type { Turn } from "../turns/turn.ts";
import { DeliveryLanes, type LaneLimits } from "./delivery-lanes.ts";
import {
  type Attempt,
  type DeliveryServices,
  deliverTurn,
  isAhead,
  type TaskLog,
  type TurnEnd,
} from "./push-delivery.ts";
import type { PushKey, PushStore } from "./push-store.ts";

export interface PushDispatcherOptions
  extends Omit<DeliveryServices, "store" | "log" | "now" | "monotonic" | "onAttempt"> {
  readonly store: PushStore;
  readonly log: TaskLog & { listen(key: TaskKey, listener: () => void): () => void };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly turns: NodeTurns;
  /** @default LIMITS */
  readonly limits?: LaneLimits | undefined;
  /** Most webhooks that are listened for at once; the others are looked at once a scan. @default 20,000 */
  readonly maxEntries?: number | undefined;
}

export const LIMITS: LaneLimits = { all: 64, perTenant: 32, perLane: 8 };
// About a kilobyte each.
const MAX_ENTRIES = 20_000;
// Hints may be lost; so often the store is asked.
const SCAN_MS = 10_000;
// After the store gave no answer, or a log could not be read.
const TROUBLE_MS = 10_000;

interface Entry {
  readonly key: PushKey;
  readonly tenantId: string;
  host: string;
  state: "idle" | "queued" | "running" | "waiting";
  /** Something happened while it ran. */
  again: boolean;
  /** Version of what is stored, as far as is known: what is older is no news. */
  version: number;
  heard: number;
  /** The version whose next attempt was waited for. */
  due: number;
  /** Of the configuration that `seq` is about. */
  uid: string;
  /** Up to it there is nothing to send. */
  seq: number;
  timer: Timer | null;
  /** Why its last turn broke off. */
  trouble: string | null;
  readonly unlisten: () => void;
}

interface Counts {
  delivered: number;
  failed: number;
  abandoned: number;
  gone: number;
}

export class PushDispatcher {
  private readonly options: PushDispatcherOptions;
  private readonly services: DeliveryServices;
  private readonly nodeTurn: Turn;
  private readonly lanes: DeliveryLanes;
  private readonly scanTrouble: Trouble;
  private readonly entries = new Map<string, Entry>();
  private readonly watched = new Map<string, () => void>();
  private readonly counts = new Map<string, Counts>();
  private readonly scan: () => Promise<void>;
  private scanning: Promise<void> = Promise.resolve();
  /** Of the time in which this node has the turn; null in between. */
  private holding: AbortSignal | null = null;
  private onMove = (): void => {};

  constructor(options: PushDispatcherOptions) {
    this.options = options;
    const { clock, turns, metrics } = options;
    this.services = {
      ...options,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      onAttempt: (attempt) => this.count(attempt),
    };
    this.nodeTurn = turns({
      ...{ key: "push", does: "sends push notifications" },
      round: (signal) => this.round(signal),
      end: () => this.end(),
    });
    this.lanes = new DeliveryLanes(options.limits ?? LIMITS);
    this.scanTrouble = new Trouble(options.logger, "cannot look for push notifications");
    this.scan = singleFlight(() => this.scanStore());
    metrics.tenantCounter("agentcore_push_notifications", "Push notifications sent by this node.", (tenantId) =>
      Object.entries(this.counts.get(tenantId) ?? {}).map(([outcome, count]) => [`outcome="${outcome}"`, count]),
    );
    metrics.tenantGauge(
      "agentcore_push_queue",
      "Webhooks with something to send, on the node that sends.",
      (tenantId) => [["", this.queueLength(tenantId)]],
    );
  }

  start(): void {
    this.nodeTurn.start();
  }

  /** Ends what is under way: it is sent again by whoever goes on. */
  close(): Promise<void> {
    return this.nodeTurn.close();
  }

  private async round(signal: AbortSignal): Promise<number> {
    if (this.holding === null) {
      this.holding = signal;
      this.watched.set(
        "",
        this.options.store.watchTenants(() => this.rescan()),
      );
    }
    this.rescan();
    return SCAN_MS;
  }

  private async end(): Promise<void> {
    this.holding = null;
    this.lanes.clear();
    for (const entry of [...this.entries.values()]) this.forget(entry);
    for (const unwatch of this.watched.values()) unwatch();
    this.watched.clear();
    this.onMove();
    await Promise.all([this.lanes.idle(), this.scanning]);
  }

  private rescan(): void {
    this.scanning = this.scan().then(
      () => this.scanTrouble.end(),
      (error) => this.scanTrouble.begin(PlatformError.from(error)),
    );
  }

  private async scanStore(): Promise<void> {
    const { store } = this.options;
    const held = this.holding;
    if (held === null) return;
    const failures: unknown[] = [];
    for (const tenantId of await store.tenants()) {
      if (this.holding !== held) return;
      const unwatch = this.watched.get(tenantId) ?? store.watch(tenantId, (key, version) => this.hear(key, version));
      this.watched.set(tenantId, unwatch);
      // What cannot be read of one tenant keeps nothing of another's.
      await this.scanTenant(tenantId, held).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  private async scanTenant(tenantId: string, held: AbortSignal): Promise<void> {
    const { store, log } = this.options;
    for await (const { key, record, version } of store.all(tenantId)) {
      if (this.holding !== held) return;
      if (record.state !== "open") continue;
      const entry = this.entries.get(nameOf(key));
      if (entry === undefined) {
        // One of the next scans comes in time for it.
        if (isAhead(record, this.options.clock.now() + SCAN_MS)) continue;
        while (!this.hasRoom() && this.holding === held) await this.aMove();
        this.hear(key, version);
      } else if (version > entry.version) this.hear(key, version);
      else if (entry.state === "idle") {
        const head = await log.head(key);
        if (this.holding === held && entry.state === "idle" && (head === null || head.seq > entry.seq))
          this.queue(entry);
      }
    }
  }

  /** Something was stored, or (version 0) deleted. */
  private hear(key: PushKey, version: number): void {
    if (this.holding === null) return;
    const entry = this.entries.get(nameOf(key)) ?? (version === 0 ? undefined : this.add(key));
    if (entry === undefined) return;
    if (version !== 0 && version <= entry.version) return;
    // What this node writes while it sends is heard as well: whether it was news is known when it has sent.
    if (entry.state === "running")
      entry.heard = version === 0 ? Number.POSITIVE_INFINITY : Math.max(entry.heard, version);
    else this.queue(entry);
  }

  private add(key: PushKey): Entry | undefined {
    const { log } = this.options;
    if (!this.hasRoom()) return undefined;
    const entry: Entry = {
      ...{
        key,
        tenantId: key.tenantId,
        host: "",
        state: "idle",
        again: false,
        version: 0,
        heard: 0,
        due: 0,
        uid: "",
        seq: 0,
        timer: null,
        trouble: null,
      },
      unlisten: log.listen(key, () => {
        if (entry.state === "running") entry.again = true;
        else if (entry.state === "idle") this.queue(entry);
      }),
    };
    this.entries.set(nameOf(key), entry);
    return entry;
  }

  /** Makes some of who has nothing to send now: the next scan looks at it again. */
  private hasRoom(): boolean {
    if (this.entries.size < (this.options.maxEntries ?? MAX_ENTRIES)) return true;
    for (const entry of this.entries.values()) {
      if (entry.state !== "idle" && entry.state !== "waiting") continue;
      this.forget(entry);
      return true;
    }
    return false;
  }

  /** Resolves when a webhook's turn has ended, or that of the node. */
  private aMove(): Promise<void> {
    return new Promise((resolve) => {
      this.onMove = resolve;
    });
  }

  private forget(entry: Entry): void {
    entry.timer?.cancel();
    entry.unlisten();
    if (this.entries.get(nameOf(entry.key)) === entry) this.entries.delete(nameOf(entry.key));
  }

  private queue(entry: Entry): void {
    if (entry.state === "queued" || this.holding === null) return;
    entry.timer?.cancel();
    entry.timer = null;
    entry.state = "queued";
    const signal = this.holding;
    this.lanes.add(entry.tenantId, entry.host, () => this.run(entry, signal));
  }

  private async run(entry: Entry, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    entry.state = "running";
    entry.again = false;
    let end: TurnEnd;
    try {
      end = await this.turn(entry, signal);
      entry.trouble = null;
    } catch (thrown) {
      if (signal.aborted) return;
      const { tenantId, taskId, configId } = entry.key;
      const { message } = PlatformError.from(thrown);
      if (message !== entry.trouble)
        this.options.logger.log("error", `cannot send push notifications: ${message}`, { tenantId, taskId, configId });
      entry.trouble = message;
      end = { end: "later", at: this.options.clock.now() + TROUBLE_MS };
    }
    if (!signal.aborted) this.after(entry, end);
  }

  private async turn(entry: Entry, signal: AbortSignal): Promise<TurnEnd> {
    const { store } = this.options;
    const stored = await store.get(entry.key);
    if (stored === null) return { end: "over" };
    const host = new URL(stored.record.config.url).host;
    if (host !== entry.host) {
      // Its first turn, or it was changed: it belongs into another lane.
      entry.host = host;
      return { end: "again" };
    }
    entry.version = stored.version;
    // Deleted and made anew: what was looked at for the one before it says nothing of this one.
    if (stored.record.uid !== entry.uid) Object.assign(entry, { uid: stored.record.uid, seq: 0 });
    const noting: Pick<PushStore, "get" | "put" | "delete"> = {
      get: (key) => store.get(key),
      delete: (key, expected) => store.delete(key, expected),
      put: async (key, record, expected) => {
        const version = await store.put(key, record, expected);
        if (version !== null) entry.version = version;
        return version;
      },
    };
    return deliverTurn({ ...this.services, store: noting }, stored, {
      ...{ after: entry.seq, isDue: stored.version === entry.due, signal },
    });
  }

  private after(entry: Entry, end: TurnEnd): void {
    // Behind this, so that what it comes to is known.
    queueMicrotask(() => this.onMove());
    const isNews = entry.heard > entry.version;
    entry.heard = 0;
    entry.state = "idle";
    switch (end.end) {
      case "over":
        return this.forget(entry);
      case "again":
        return this.queue(entry);
      case "idle":
        entry.seq = end.seq;
        if (isNews || entry.again) this.queue(entry);
        return;
      case "later": {
        if (isNews) return this.queue(entry);
        entry.state = "waiting";
        const { clock } = this.options;
        const { version } = entry;
        entry.timer = clock.after(Math.max(0, end.at - clock.now()), () => {
          // The wall clock may say otherwise, when it was set meanwhile.
          entry.due = version;
          this.queue(entry);
        });
      }
    }
  }

  private count({ key, record, outcome, result }: Attempt): void {
    const { tenantId, taskId, configId } = key;
    const counts = this.counts.get(tenantId) ?? { delivered: 0, failed: 0, abandoned: 0, gone: 0 };
    this.counts.set(tenantId, counts);
    counts[result] += 1;
    if (outcome.taken) return;
    const { host } = new URL(record.config.url);
    const fields = { tenantId, taskId, configId, host, attempts: record.attempts };
    const { logger } = this.options;
    const why = outcome.detail ?? outcome.error;
    switch (result) {
      case "abandoned":
        return logger.log("error", `a webhook is given up, it failed for a day: ${why}`, fields);
      case "gone":
        return logger.log(
          "info",
          "a webhook wants no more notifications (HTTP 410): its configuration is deleted",
          fields,
        );
      default:
        // The first of a row; the others would only repeat it.
        return logger.log(record.attempts === 1 ? "warn" : "debug", `a webhook did not take it: ${why}`, fields);
    }
  }

  private queueLength(tenantId: string): number {
    let length = 0;
    for (const entry of this.entries.values()) if (entry.tenantId === tenantId && entry.state !== "idle") length += 1;
    return length;
  }
}

const nameOf = ({ tenantId, taskId, configId }: PushKey): string => `${tenantId}/${taskId}/${configId}`;

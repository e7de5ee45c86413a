/**
 * Holds the connections of all feeds, on one node at a time: by a lease, since a second connection would have most services push everything twice. A node that dies is followed when its lease has
 * run out; one whose store does not answer holds them until then, and no longer, whatever it waits for. For a moment there may be two: a message that has an id is one event all the same, one
 * that has none is two.
 */
import { PlatformError } from "@agentcore/contract";
import type { Timer } from "@agentcore/core/ports";
import type { TurnLease } from "@agentcore/core/retention";
import { Trouble } from "@agentcore/core/tasks";
import { singleFlight } from "../single-flight.ts";
import type { DeclaredFeed, DeclaredFeeds } from "./declared-feeds.ts";
import { type FeedServices, runFeed } from "./feed-connection.ts";
import type { TakeOutcome } from "./take-message.ts";

/** A quarter of the lease: a look that fails leaves room for others before it has run out. */
const LOOK_MS = 5_000;
/** Of one node, and of one tenant: each is a socket, and a message at a time in memory. Feeds past them are told, and not held. */
const MAX_FEEDS = 500;
const MAX_OF_TENANT = 100;

export interface FeedKeeperOptions extends Omit<FeedServices, "onMessage" | "onState"> {
  readonly declared: Pick<DeclaredFeeds, "all">;
  readonly lease: Pick<TurnLease, "heldForMs" | "keep" | "release">;
}

interface Running {
  readonly feed: DeclaredFeed;
  readonly ending: AbortController;
  readonly done: Promise<void>;
  isConnected: boolean;
}

export class FeedKeeper {
  private readonly options: FeedKeeperOptions;
  private readonly running = new Map<string, Running>();
  private readonly counts = new Map<string, Record<TakeOutcome, number>>();
  private readonly trouble: Trouble;
  private readonly look: () => Promise<void>;
  private timer: Timer | null = null;
  private lapse: Timer | null = null;
  private isRunning = false;
  private isHolding = false;
  private leftOut = 0;

  constructor(options: FeedKeeperOptions) {
    this.options = options;
    this.trouble = new Trouble(options.senses.logger, "cannot tell who holds the connections of feeds");
    this.look = singleFlight(() => this.lookOnce());
  }

  start(): void {
    this.isRunning = true;
    this.wake();
  }

  /** Feeds have changed. */
  wake(): void {
    if (this.isRunning) void this.look();
  }

  /** Resolves when all connections are closed; a message that is being taken in is given up, and so not acknowledged. */
  async close(): Promise<void> {
    this.isRunning = false;
    this.timer?.cancel();
    // The look under way may wait for the store.
    await this.endAll();
    await this.look();
    await this.endAll();
    await this.release();
  }

  /** Messages of a tenant, by what became of them. */
  messages(tenantId: string): Readonly<Partial<Record<TakeOutcome, number>>> {
    return this.counts.get(tenantId) ?? {};
  }

  /** By feed of a tenant that this node holds: whether it is connected. */
  connections(tenantId: string): readonly (readonly [name: string, isConnected: boolean])[] {
    return [...this.running.values()].flatMap(({ feed, isConnected }) =>
      feed.tenantId === tenantId ? [[feed.name, isConnected] as const] : [],
    );
  }

  private async lookOnce(): Promise<void> {
    this.timer?.cancel();
    this.timer = null;
    if (!this.isRunning) return;
    const { declared, lease, senses } = this.options;
    try {
      // Without feeds a node asks nobody for anything.
      if (declared.all.size === 0) {
        await this.endAll();
        await this.release();
        return;
      }
      this.isHolding = await lease.keep();
      this.lapseIn(lease.heldForMs);
      if (this.isHolding) await this.follow();
      else await this.endAll();
      this.trouble.end();
    } catch (error) {
      // What was held is, until the lease has run out: nobody else has it before.
      this.trouble.begin(PlatformError.from(error));
    }
    if (this.isRunning) this.timer = senses.clock.after(LOOK_MS, () => this.wake());
  }

  private lapseIn(ms: number): void {
    this.lapse?.cancel();
    this.lapse = ms > 0 ? this.options.senses.clock.after(ms, () => void this.endAll()) : null;
  }

  /** Makes what runs what is declared. */
  private async follow(): Promise<void> {
    const { declared, lease } = this.options;
    const gone = [...this.running].filter(([key, { feed }]) => declared.all.get(key) !== feed);
    await this.end(gone.map(([key]) => key));
    // Those that went may have taken longer than the lease.
    if (lease.heldForMs === 0) return;
    let leftOut = 0;
    for (const [key, feed] of declared.all) {
      if (this.running.has(key)) continue;
      if (this.running.size < MAX_FEEDS && this.connections(feed.tenantId).length < MAX_OF_TENANT)
        this.begin(key, feed);
      else leftOut += 1;
    }
    if (leftOut > 0 && leftOut !== this.leftOut)
      this.options.senses.logger.log(
        "error",
        `${leftOut} feeds are not held: a node holds ${MAX_FEEDS}, of a tenant ${MAX_OF_TENANT}`,
      );
    this.leftOut = leftOut;
  }

  private begin(key: string, feed: DeclaredFeed): void {
    const ending = new AbortController();
    const running: Running = { feed, ending, isConnected: false, done: this.run(feed, ending.signal, key) };
    this.running.set(key, running);
  }

  private async run({ tenantId, name, options }: DeclaredFeed, signal: AbortSignal, key: string): Promise<void> {
    const { senses } = this.options;
    try {
      const { feedOf } = await import("@agentcore/agents");
      const feed = feedOf(options);
      await runFeed({ tenantId, name, feed }, this.servicesOf(tenantId, key), signal);
    } catch (thrown) {
      // An earlier version took its options: it begins when they are others.
      const { code, message } = PlatformError.from(thrown);
      senses.logger.log("error", `feed ${name}: ${message}`, { tenantId, agent: name, code });
    }
  }

  private servicesOf(tenantId: string, key: string): FeedServices {
    return {
      ...this.options,
      onMessage: (_tenant, outcome) => {
        const counts = this.counts.get(tenantId) ?? { kept: 0, repeated: 0, ignored: 0, refused: 0 };
        counts[outcome] += 1;
        this.counts.set(tenantId, counts);
      },
      onState: (isConnected) => {
        const running = this.running.get(key);
        if (running !== undefined) running.isConnected = isConnected;
      },
    };
  }

  private async end(keys: readonly string[]): Promise<void> {
    const ending = keys.flatMap((key) => this.running.get(key) ?? []);
    for (const key of keys) this.running.delete(key);
    for (const { ending: controller } of ending)
      controller.abort(new PlatformError("UNAVAILABLE", "the feed is not held here any more"));
    await Promise.all(ending.map(({ done }) => done));
  }

  private endAll(): Promise<void> {
    return this.end([...this.running.keys()]);
  }

  private async release(): Promise<void> {
    this.lapse?.cancel();
    if (!this.isHolding) return;
    this.isHolding = false;
    // It runs out by itself.
    await this.options.lease.release().catch(() => undefined);
  }
}

/**
 * Holds the connections of all feeds, on one node at a time, in its turn, since a second connection would have most services push everything twice. For a moment there may be two all the same:
 * a message that has an id is one event then too, one that has none is two.
 */
import { PlatformError } from "@agentcore/contract";
import type { DeclaredFeed, DeclaredFeeds } from "./declared-feeds.ts";
import { type FeedServices, runFeed } from "./feed-connection.ts";
import type { TakeOutcome } from "./take-message.ts";

/** Of one node, and of one tenant: each is a socket, and a message at a time in memory. Feeds past them are told, and not held. */
const MAX_FEEDS = 500;
const MAX_OF_TENANT = 100;

export interface FeedKeeperOptions extends Omit<FeedServices, "onMessage" | "onState"> {
  readonly declared: Pick<DeclaredFeeds, "all">;
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
  private leftOut = 0;

  constructor(options: FeedKeeperOptions) {
    this.options = options;
  }

  /** Makes what runs what is declared. */
  async round(signal: AbortSignal): Promise<number> {
    const { declared } = this.options;
    const gone = [...this.running].filter(([key, { feed }]) => declared.all.get(key) !== feed);
    await this.end(gone.map(([key]) => key));
    let leftOut = 0;
    for (const [key, feed] of declared.all) {
      // Those that went may have taken longer than the lease.
      if (signal.aborted) break;
      if (this.running.has(key)) continue;
      if (this.running.size < MAX_FEEDS && this.connections(feed.tenantId).length < MAX_OF_TENANT)
        this.begin(key, feed, signal);
      else leftOut += 1;
    }
    if (leftOut > 0 && leftOut !== this.leftOut)
      this.options.senses.logger.log(
        "error",
        `${leftOut} feeds are not held: a node holds ${MAX_FEEDS}, of a tenant ${MAX_OF_TENANT}`,
      );
    this.leftOut = leftOut;
    return Number.POSITIVE_INFINITY;
  }

  /** Resolves when all connections are closed; a message that is being taken in is given up, and so not acknowledged. */
  endAll(): Promise<void> {
    return this.end([...this.running.keys()]);
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

  private begin(key: string, feed: DeclaredFeed, turn: AbortSignal): void {
    const ending = new AbortController();
    const signal = AbortSignal.any([turn, ending.signal]);
    const running: Running = { feed, ending, isConnected: false, done: this.run(feed, signal, key) };
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
}

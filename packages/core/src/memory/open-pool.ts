/**
 * One pool on one node: what may be done with it, and in which order.
 *
 * L1 A vector never stands without its memory: remembering writes the memory first and its vector then; forgetting removes vectors first and memories
 *    last. So whoever reads the memories finds all there is to forget.
 * L2 A memory has the id of the call that made it and is written only where nothing is: a call that runs again finds its own, and what was forgotten
 *    meanwhile stays so.
 * L3 Changes are told by the head, by compare-and-set: nodes that share the store compare its number before they search.
 * L4 The index decides what is looked at, never what is given: texts come from the store.
 * L5 A forgetting of more than one memory is written down before it begins and struck out when it is done; who opens the pool next finishes it.
 *    Finished late, it takes what was there when it began, and nothing that was remembered since.
 * In this process changes of one pool come one after another; searches do not wait for them.
 */
import { PlatformError } from "@agentcore/contract";
import type { Embedder } from "../ports/index.ts";
import type { ForgetRule } from "./forget-rule.ts";
import { isGone, isOver, type KeptMemory } from "./kept-memory.ts";
import { type Pool, poolKey } from "./pool.ts";
import { PoolCopy } from "./pool-copy.ts";
import { PoolForgetting } from "./pool-forgetting.ts";
import { PoolRows } from "./pool-rows.ts";
import type { PoolServices } from "./pool-services.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { PoolUses } from "./pool-uses.ts";
import { type Draft, PoolVectors } from "./pool-vectors.ts";
import { type FoundMemory, type Search, searchPool } from "./search-pool.ts";
import { type DraftInPool, type Kept, writeDrafts } from "./write-drafts.ts";

interface Waiting extends DraftInPool {
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: unknown) => void;
}

const BATCH = 100;

export class OpenPool {
  /** Monotonic: who was used longest ago is closed first. */
  lastAskedAt = 0;
  /** Calls under way. */
  users = 0;
  private readonly services: PoolServices;
  private readonly tenantId: string;
  private readonly name: string;
  private readonly rows: PoolRows;
  private readonly copy: PoolCopy;
  private readonly vectors: PoolVectors;
  private readonly uses: PoolUses;
  private readonly forgetting: PoolForgetting;
  private tail: Promise<unknown> = Promise.resolve();
  private waiting: Waiting[] = [];

  constructor(services: PoolServices, tenantId: string, pool: Pool) {
    const { keyValue, clock, acrossNodes } = services;
    const { name } = pool;
    const key = poolKey(services.digest, pool);
    this.services = services;
    this.tenantId = tenantId;
    this.name = name;
    const rows = new PoolRows(keyValue, tenantId, key);
    this.rows = rows;
    this.uses = new PoolUses(rows, clock);
    this.vectors = new PoolVectors(services, tenantId, key, rows);
    this.copy = new PoolCopy({
      ...{ rows, name, clock, acrossNodes },
      finishForgettings: () => this.forgetting.finish(),
    });
    const { copy, vectors, uses } = this;
    this.forgetting = new PoolForgetting({ services, name, rows, copy, vectors, uses });
  }

  get bytes(): number {
    return this.copy.index.bytes;
  }

  async status(): Promise<{ readonly entries: number; readonly createdAt: number | null }> {
    await this.copy.fresh();
    return { entries: this.copy.index.size, createdAt: this.copy.head?.createdAt ?? null };
  }

  /** Durable when it resolves. Several at once are written together. */
  remember(draft: Draft, settings: PoolSettings): Promise<Kept> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ draft, settings, resolve, reject });
      if (this.waiting.length === 1) void this.inTurn(() => this.writeWaiting());
    });
  }

  async recall(
    search: Search,
    settings: PoolSettings,
    embedder: Embedder | null,
    signal: AbortSignal,
  ): Promise<{ readonly found: readonly FoundMemory[]; readonly reasons: readonly string[] }> {
    const { copy, rows, vectors, uses, tenantId } = this;
    await copy.fresh();
    const searched = { tenantId, index: copy.index, rows, vectors, clock: this.services.clock };
    const { found, reasons } = await searchPool(searched, search, settings, embedder, signal);
    const counted = found.map((each) => ({ ...each, memory: uses.added(each.id, each.memory) }));
    uses.count(
      found.map(({ id }) => id),
      copy.index,
    );
    if (uses.isDue) this.writeUses();
    return { found: counted, reasons };
  }

  async get(id: string): Promise<KeptMemory | null> {
    const row = await this.rows.entry(id);
    if (row === null || isGone(row.value) || isOver(row.value, this.services.clock.now())) return null;
    return this.uses.added(id, row.value);
  }

  /** In the order of ids. */
  async list(
    after: string | undefined,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly memory: KeptMemory }[]> {
    const now = this.services.clock.now();
    const listed: { readonly id: string; readonly memory: KeptMemory }[] = [];
    for await (const page of this.rows.entries(after)) {
      for (const each of page) if (!isOver(each.memory, now)) listed.push(each);
      if (listed.length >= limit) break;
    }
    return listed.slice(0, limit);
  }

  /** All of it is gone when it resolves. */
  forget(rule: ForgetRule): Promise<readonly string[]> {
    return this.inTurn(async () => {
      await this.copy.fresh();
      return this.forgetting.forget(rule);
    });
  }

  /** What is over goes, what was begun is finished, and vectors whose memories are gone go too. True when nothing is left of the pool. */
  sweep(signal: AbortSignal): Promise<boolean> {
    return this.inTurn(async () => {
      const { copy, forgetting, vectors } = this;
      await copy.fresh();
      await forgetting.finishLeft();
      await forgetting.remove(copy.index.over(this.services.clock.now()), "over");
      await this.uses.write();
      for (const space of copy.head?.spaces ?? []) {
        if (signal.aborted) return false;
        await vectors.sweep(space, (id) => copy.index.get(id) !== undefined);
      }
      if (copy.head === null || copy.index.size > 0) return copy.head === null;
      return copy.drop();
    });
  }

  /** Writes down what is known here alone. */
  close(): Promise<void> {
    return this.inTurn(() => this.uses.write());
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work);
    this.tail = done.catch(() => undefined);
    return done;
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const some = this.waiting.slice(0, BATCH);
      // Room is made among what is there, never among what comes: no more comes at once than there may be.
      const batch = some.slice(0, Math.min(...some.map(({ settings }) => settings.maxEntries)));
      try {
        const { services, tenantId, name, rows, copy, vectors, forgetting } = this;
        const kept = await writeDrafts({ services, tenantId, name, rows, copy, vectors, forgetting }, batch);
        this.waiting = this.waiting.slice(batch.length);
        for (const [place, each] of batch.entries()) {
          const outcome = kept[place];
          if (outcome instanceof PlatformError || outcome === undefined) each.reject(outcome);
          else each.resolve(outcome);
        }
      } catch (error) {
        this.waiting = this.waiting.slice(batch.length);
        for (const each of batch) each.reject(error);
      }
    }
  }

  private writeUses(): void {
    this.inTurn(() => this.uses.write()).catch((error: unknown) =>
      this.services.logger.log("warn", `uses of memories were not written: ${PlatformError.from(error).message}`, {
        tenantId: this.tenantId,
      }),
    );
  }
}

/** Long-term memory of all tenants, on one node: which pools are open, and what may be asked of them. */
import {
  type Forgotten,
  type MemoryEntry,
  type MemoryPoolSpec,
  type MemoryPoolStatus,
  PlatformError,
  type Recalled,
} from "@agentcore/contract";
import type { NewMemory, Remembered } from "@agentcore/contract/authoring";
import type { Embedder } from "../ports/index.ts";
import { checkMemory, checkRecall, checkRule, type RecallRequest } from "./check-memory-calls.ts";
import { embedInTime, type Vector } from "./embed-in-time.ts";
import type { ForgetRule } from "./forget-rule.ts";
import type { KeptMemory } from "./kept-memory.ts";
import { DEFAULT_RESULTS } from "./limits.ts";
import { OpenPool } from "./open-pool.ts";
import { type Pool, poolOf } from "./pool.ts";
import { listPoolHeads } from "./pool-rows.ts";
import type { PoolServices } from "./pool-services.ts";
import { type PoolSettings, poolSettings } from "./pool-settings.ts";

export interface LongTermMemoryOptions extends PoolServices {
  /** The MemoryPool of that name, as it is declared now. */
  readonly declared: (tenantId: string, name: string) => Promise<MemoryPoolSpec | null>;
  /** Of that name; null: the node's own, if it has one. */
  readonly embedderOf: (tenantId: string, name: string | null) => Promise<Embedder | null>;
  /** Bytes of indexes that are kept; of more, those that were asked longest ago are closed. @default 192 MiB */
  readonly maxIndexBytes?: number | undefined;
}

/** Where a memory comes from. */
export interface MemoryOrigin {
  readonly id: string;
  readonly taskId: string;
  readonly path: string;
  readonly contextId: string;
  readonly caller: string;
  readonly writtenBy: string;
}

const MAX_INDEX_BYTES = 192 * 1024 * 1024;
const MAX_OPEN_POOLS = 1_000;
const CALLS_BETWEEN_LOOKS = 64;
// A step has time, and a memory without a vector is found by its words alone.
const REMEMBER_EMBED_MS = 10_000;
const DEFAULT_IMPORTANCE = 0.5;
const MAX_LISTED_IDS = 100;
const PAGE = 500;

export class LongTermMemory {
  private readonly options: LongTermMemoryOptions;
  private readonly open = new Map<string, OpenPool>();
  private calls = 0;

  constructor(options: LongTermMemoryOptions) {
    this.options = options;
  }

  /** The MemoryPool that says how this pool is kept. */
  declared(tenantId: string, pool: Pool): Promise<MemoryPoolSpec | null> {
    return this.options.declared(tenantId, pool.kind === "shared" ? pool.name : pool.kind);
  }

  /** Throws INVALID_ARGUMENT, TOO_LARGE, OVERLOADED. */
  async remember(
    tenantId: string,
    pool: Pool,
    given: NewMemory,
    { id, writtenBy, ...source }: MemoryOrigin,
    signal: AbortSignal,
  ): Promise<Remembered> {
    checkMemory(given);
    const settings = await this.settingsOf(tenantId, pool);
    const { text, data, tags = [], document, importance = DEFAULT_IMPORTANCE } = given;
    const reasons: string[] = [];
    const embedder = await this.options.embedderOf(tenantId, settings.embedder);
    const vector = await this.vectorOf(tenantId, text, embedder, reasons, signal);
    const now = this.options.clock.now();
    const ttlMs = Math.min(given.ttlMs ?? Number.POSITIVE_INFINITY, settings.ttlMs ?? Number.POSITIVE_INFINITY);
    const memory: KeptMemory = {
      ...{ text, tags: [...new Set(tags)], importance, writtenBy, at: now, lastUsedAt: now, uses: 0 },
      ...(data === undefined ? {} : { data }),
      source: { ...source, ...(document === undefined ? {} : { document }) },
      ...(Number.isFinite(ttlMs) ? { expiresAt: now + ttlMs } : {}),
      ...(vector === null || embedder === null ? {} : { embedder: embedder.name }),
    };
    const { kept, isNew, forgotten } = await this.within(tenantId, pool, (open) =>
      open.remember({ id, memory, vector }, settings),
    );
    if (!kept) reasons.push("it was forgotten meanwhile, and stays so");
    else if (!isNew) reasons.push("it was there already: the call had been made before");
    if (forgotten.length > 0) reasons.push(`the pool is full: ${forgotten.length} worth least went for it`);
    return { id, pool: pool.name, kept, forgotten, reasons };
  }

  /** Throws INVALID_ARGUMENT. */
  async recall(tenantId: string, pool: Pool, request: RecallRequest, signal: AbortSignal): Promise<Recalled> {
    checkRecall(request);
    const { query, limit = DEFAULT_RESULTS, tags = [], document } = request;
    const settings = await this.settingsOf(tenantId, pool);
    const embedder = await this.options.embedderOf(tenantId, settings.embedder);
    const { found, reasons } = await this.within(tenantId, pool, (open) =>
      open.recall({ query, limit, tags, document }, settings, embedder, signal),
    );
    const memories = found.map(({ id, memory, score, reasons: why }) => ({
      ...entryOf(pool, id, memory),
      ...{ score, reasons: [...why] },
    }));
    return { memories, reasons: [...reasons] };
  }

  async forget(tenantId: string, pool: Pool, rule: ForgetRule): Promise<Forgotten> {
    checkRule(rule);
    const ids = await this.within(tenantId, pool, (open) => open.forget(rule));
    return { count: ids.length, ids: ids.slice(0, MAX_LISTED_IDS) };
  }

  /** In every pool of the tenant that `mayForget` lets pass. Throws what the first does that fails; repeated, it goes on. */
  async forgetEverywhere(
    tenantId: string,
    rule: ForgetRule,
    mayForget: (pool: Pool) => boolean = () => true,
  ): Promise<Forgotten> {
    const ids: string[] = [];
    let count = 0;
    for await (const pool of this.all(tenantId)) {
      if (!mayForget(pool)) continue;
      const forgotten = await this.forget(tenantId, pool, rule);
      count += forgotten.count;
      ids.push(...forgotten.ids.slice(0, MAX_LISTED_IDS - ids.length));
    }
    return { count, ids };
  }

  async get(tenantId: string, pool: Pool, id: string): Promise<MemoryEntry | null> {
    const memory = await this.within(tenantId, pool, (open) => open.get(id));
    return memory === null ? null : entryOf(pool, id, memory);
  }

  async list(tenantId: string, pool: Pool, after: string | undefined, limit: number): Promise<readonly MemoryEntry[]> {
    const listed = await this.within(tenantId, pool, (open) => open.list(after, limit));
    return listed.map(({ id, memory }) => entryOf(pool, id, memory));
  }

  async status(tenantId: string, pool: Pool): Promise<MemoryPoolStatus> {
    const spec = await this.declared(tenantId, pool);
    const { entries, createdAt } = await this.within(tenantId, pool, (open) => open.status());
    return { ...(await this.describe(tenantId, pool, spec)), entries, createdAt };
  }

  /** A page of the pools that have, or had, memories, without looking into them: what is over counts until it is swept. */
  async pools(
    tenantId: string,
    {
      after,
      limit,
      shows,
    }: {
      readonly after?: string | undefined;
      readonly limit: number;
      readonly shows: (pool: Pool) => Promise<boolean>;
    },
  ): Promise<{ readonly pools: readonly MemoryPoolStatus[]; readonly nextAfter: string | null }> {
    const pools: MemoryPoolStatus[] = [];
    for (let last = after; ; ) {
      const page = await listPoolHeads(this.options.keyValue, tenantId, last, PAGE);
      for (const { key, head } of page) {
        last = key;
        const pool = poolOf(head.name);
        if (!(await shows(pool))) continue;
        const spec = await this.declared(tenantId, pool);
        pools.push({
          ...(await this.describe(tenantId, pool, spec)),
          entries: head.entries,
          createdAt: head.createdAt,
        });
        if (pools.length >= limit) return { pools, nextAfter: key };
      }
      if (page.length < PAGE) return { pools, nextAfter: null };
    }
  }

  /** Pools that have, or had, memories. */
  async *all(tenantId: string): AsyncGenerator<Pool> {
    for (let after: string | undefined; ; ) {
      const page = await listPoolHeads(this.options.keyValue, tenantId, after, PAGE);
      for (const { head } of page) yield poolOf(head.name);
      after = page.at(-1)?.key;
      if (page.length < PAGE) return;
    }
  }

  /** What is over goes, and what was left half done is finished. */
  async sweep(tenantId: string, signal: AbortSignal): Promise<void> {
    for await (const pool of this.all(tenantId)) {
      if (signal.aborted) return;
      await this.within(tenantId, pool, (open) => open.sweep(signal));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.values()].map((pool) => pool.close()));
    this.open.clear();
  }

  private async settingsOf(tenantId: string, pool: Pool): Promise<PoolSettings> {
    return poolSettings(await this.declared(tenantId, pool));
  }

  private async describe(
    tenantId: string,
    pool: Pool,
    spec: MemoryPoolSpec | null,
  ): Promise<Omit<MemoryPoolStatus, "entries" | "createdAt">> {
    const settings = poolSettings(spec);
    const embedder = await this.options.embedderOf(tenantId, settings.embedder);
    const declared = pool.kind !== "shared" || spec !== null;
    return { name: pool.name, maxEntries: settings.maxEntries, embedder: embedder?.name ?? null, declared };
  }

  private async vectorOf(
    tenantId: string,
    text: string,
    embedder: Embedder | null,
    reasons: string[],
    signal: AbortSignal,
  ): Promise<Vector | null> {
    if (embedder === null) return null;
    try {
      const { clock } = this.options;
      const asked = { tenantId, texts: [text], timeoutMs: REMEMBER_EMBED_MS, signal };
      const [vector] = await embedInTime(clock, embedder, asked);
      // Of text that it has no word of, an embedder may know no direction.
      if (vector?.some((number) => number !== 0) === true) return vector;
      reasons.push(`${embedder.name} has no vector for it: it is found by words alone`);
    } catch (error) {
      signal.throwIfAborted();
      reasons.push(`it is found by words alone: ${PlatformError.from(error).message}`);
    }
    return null;
  }

  private async within<T>(tenantId: string, pool: Pool, work: (open: OpenPool) => Promise<T>): Promise<T> {
    const name = JSON.stringify([tenantId, pool.name]);
    const known = this.open.get(name);
    const open = known ?? new OpenPool(this.options, tenantId, pool);
    if (known === undefined) this.open.set(name, open);
    this.calls += 1;
    open.users += 1;
    open.lastAskedAt = this.options.clock.monotonic();
    try {
      return await work(open);
    } finally {
      open.users -= 1;
      // Adding up costs something, and one call adds little.
      if (known === undefined || this.calls % CALLS_BETWEEN_LOOKS === 0) this.makeRoom();
    }
  }

  /** Pools that nobody asks now are closed, those asked longest ago first, until the rest is within bounds. */
  private makeRoom(): void {
    const { maxIndexBytes = MAX_INDEX_BYTES, logger } = this.options;
    let bytes = 0;
    for (const pool of this.open.values()) bytes += pool.bytes;
    if (bytes <= maxIndexBytes && this.open.size <= MAX_OPEN_POOLS) return;
    const idle = [...this.open]
      .filter(([, { users }]) => users === 0)
      .sort(([, left], [, right]) => left.lastAskedAt - right.lastAskedAt);
    for (const [name, pool] of idle) {
      if (bytes <= maxIndexBytes && this.open.size <= MAX_OPEN_POOLS) return;
      bytes -= pool.bytes;
      this.open.delete(name);
      pool.close().catch((error: unknown) => {
        const [tenantId] = JSON.parse(name) as [string, string];
        logger.log("warn", `uses of memories were not written: ${PlatformError.from(error).message}`, { tenantId });
      });
    }
  }
}

const entryOf = (
  pool: Pool,
  id: string,
  { embedder: _embedder, vector: _vector, ...memory }: KeptMemory,
): MemoryEntry => ({
  ...{ id, pool: pool.name },
  ...memory,
});

/**
 * One pool on one node: an index in memory of what lies in the store, and everything that changes it.
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
import type { Clock, Digest, Embedder, Ids, KeyValue, Logger, VectorIndex } from "../ports/index.ts";
import type { NearVector } from "../ports/vector-index.ts";
import { checkQuery } from "../storage/vector-input.ts";
import { wordsOf } from "../text/words.ts";
import { embedInTime, type Vector } from "./embed-in-time.ts";
import { isGone, isOver, type KeptMemory } from "./kept-memory.ts";
import { MAX_RECALLED } from "./limits.ts";
import { type Pool, poolKey } from "./pool.ts";
import { PoolIndex, packVector } from "./pool-index.ts";
import { type ForgetRule, type PoolHead, PoolRows } from "./pool-rows.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { type Found, rankMemories } from "./rank-memories.ts";

export interface PoolServices {
  readonly keyValue: KeyValue;
  readonly vectorIndex: VectorIndex;
  /** Vectors tell of what they stand for, and a vector index cannot seal them: they lie within the sealed memories instead, and are searched by the node. */
  readonly sealsVectors: boolean;
  /** Whether others change the store too. */
  readonly acrossNodes: boolean;
  readonly clock: Clock;
  readonly ids: Pick<Ids, "next">;
  readonly digest: Pick<Digest, "sha256">;
  readonly logger: Logger;
}

/** A memory that is to be kept. */
export interface Draft {
  readonly id: string;
  readonly memory: KeptMemory;
  readonly vector: Vector | null;
}

export interface Kept {
  readonly kept: boolean;
  /** Whether it was there already. */
  readonly isNew: boolean;
  /** Let go to make room for it. */
  readonly forgotten: readonly string[];
}

export interface Search {
  readonly query: string;
  readonly limit: number;
  readonly tags: readonly string[];
  readonly document?: string | undefined;
}

export interface FoundMemory {
  readonly id: string;
  readonly memory: KeptMemory;
  readonly score: number;
  readonly reasons: readonly string[];
}

interface Waiting {
  readonly draft: Draft;
  readonly settings: PoolSettings;
  readonly resolve: (kept: Kept) => void;
  readonly reject: (error: unknown) => void;
}

// Each ranking is cut there before they are joined.
const CANDIDATES = 100;
// A filter passes some of the nearest only.
const CANDIDATES_FILTERED = 1_000;
const BATCH = 100;
const VECTOR_BATCH = 500;
const KEPT_CHANGES = 64;
const MAX_TRIES = 20;
const RECALL_EMBED_MS = 2_000;
const USES_AT_ONCE = 500;
const USES_EVERY_MS = 60_000;
// Who does it has died: it would have taken seconds.
const FORGETTING_LEFT_MS = 300_000;
// By how much the clocks of two nodes may differ, so that a forgetting finished late leaves nothing that it was to take.
const CLOCK_SKEW_MS = 5_000;

export class OpenPool {
  /** Monotonic: who was used longest ago is closed first. */
  lastAskedAt = 0;
  /** Calls under way. */
  users = 0;
  private readonly services: PoolServices;
  private readonly tenantId: string;
  private readonly pool: Pool;
  private readonly key: string;
  private readonly rows: PoolRows;
  private index = new PoolIndex();
  private head: PoolHead | null = null;
  private version = 0;
  private loaded = false;
  private refreshing: Promise<void> | null = null;
  /** Of each reading of the whole pool that is under way: what changed since it began. */
  private readonly loads = new Set<Set<string>>();
  private tail: Promise<unknown> = Promise.resolve();
  private waiting: Waiting[] = [];
  private uses = new Map<string, { uses: number; lastUsedAt: number }>();
  private usesFlushedAt: number;

  constructor(services: PoolServices, tenantId: string, pool: Pool) {
    this.services = services;
    this.tenantId = tenantId;
    this.pool = pool;
    this.key = poolKey(services.digest, pool);
    this.rows = new PoolRows(services.keyValue);
    this.usesFlushedAt = services.clock.monotonic();
  }

  get bytes(): number {
    return this.index.bytes;
  }

  async status(): Promise<{ readonly entries: number; readonly createdAt: number | null }> {
    await this.fresh();
    return { entries: this.index.size, createdAt: this.head?.createdAt ?? null };
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
    const reasons: string[] = [];
    await this.fresh();
    const { index } = this;
    const now = this.services.clock.now();
    const { tags, document } = search;
    const accepts = (id: string): boolean => {
      const memory = index.get(id);
      return (
        memory !== undefined &&
        !isOver(memory, now) &&
        tags.every((tag) => memory.tags.includes(tag)) &&
        (document === undefined || memory.document === document)
      );
    };
    const meaning = await this.searchByMeaning(search, embedder, accepts, reasons, signal);
    const words = index.words.search(search.query, CANDIDATES, accepts);
    const ranked = rankMemories(
      { words, meaning },
      (id) => index.get(id) ?? { at: now, lastUsedAt: now, uses: 0, importance: 0 },
      now,
      settings,
    );
    reasons.push(`${ranked.length} of ${index.size} found, ${words.length} by words`);
    const found: FoundMemory[] = [];
    let characters = 0;
    for (let start = 0; start < ranked.length && found.length < search.limit; ) {
      const some = ranked.slice(start, start + search.limit - found.length);
      start += some.length;
      const rows = await Promise.all(some.map(({ id }) => this.rows.entry(this.tenantId, this.key, id)));
      for (const [place, { id, score, reasons: why }] of some.entries()) {
        const memory = rows[place]?.value;
        if (memory === undefined || isGone(memory)) {
          index.delete(id);
          continue;
        }
        characters += memory.text.length + (memory.data === undefined ? 0 : JSON.stringify(memory.data).length);
        if (characters > MAX_RECALLED && found.length > 0) {
          reasons.push(`cut after ${found.length}: one recall gives at most ${MAX_RECALLED / 1024} KiB`);
          start = ranked.length;
          break;
        }
        found.push({ id, memory: this.withUses(id, memory), score, reasons: why });
      }
    }
    this.used(found.map(({ id }) => id));
    return { found, reasons };
  }

  async get(id: string): Promise<KeptMemory | null> {
    const row = await this.rows.entry(this.tenantId, this.key, id);
    if (row === null || isGone(row.value) || isOver(row.value, this.services.clock.now())) return null;
    return this.withUses(id, row.value);
  }

  /** In the order of ids. */
  async list(
    after: string | undefined,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly memory: KeptMemory }[]> {
    const now = this.services.clock.now();
    const listed: { readonly id: string; readonly memory: KeptMemory }[] = [];
    for await (const page of this.rows.entries(this.tenantId, this.key, after)) {
      for (const each of page) if (!isOver(each.memory, now)) listed.push(each);
      if (listed.length >= limit) break;
    }
    return listed.slice(0, limit);
  }

  /** All of it is gone when it resolves. */
  forget(rule: ForgetRule): Promise<readonly string[]> {
    return this.inTurn(async () => {
      await this.fresh();
      if ("id" in rule.which) return this.forgetOne(rule.which.id, rule.writtenBy);
      const before = await this.rows.forgettings(this.tenantId, this.key);
      const name = this.services.ids.next();
      await this.rows.beginForgetting(this.tenantId, this.key, name, rule, this.services.clock.now());
      const forgotten = await this.forgetAll(name, rule);
      // Those of the same rule that failed are done with this one.
      for (const failed of before)
        if (isSameRule(failed.rule, rule)) await this.rows.endForgetting(this.tenantId, this.key, failed.id);
      return forgotten;
    });
  }

  /** What is over goes, what was begun is finished, and vectors whose memories are gone go too. True when nothing is left of the pool. */
  sweep(signal: AbortSignal): Promise<boolean> {
    return this.inTurn(async () => {
      await this.fresh();
      const now = this.services.clock.now();
      for (const { id, rule, begunAt } of await this.rows.forgettings(this.tenantId, this.key))
        if (now - begunAt > FORGETTING_LEFT_MS) await this.forgetAll(id, rule, begunAt + CLOCK_SKEW_MS);
      await this.remove(this.index.over(now), "over");
      await this.writeUses();
      for (const space of this.head?.spaces ?? []) {
        if (signal.aborted) return false;
        await this.sweepSpace(space);
      }
      if (this.head === null || this.index.size > 0) return this.head === null;
      if (!(await this.rows.dropHead(this.tenantId, this.key, this.version))) return false;
      this.head = null;
      this.version = 0;
      return true;
    });
  }

  /** Writes down what is known here alone. */
  close(): Promise<void> {
    return this.inTurn(() => this.writeUses());
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work);
    this.tail = done.catch(() => undefined);
    return done;
  }

  /** The index has all that was confirmed before this was called. */
  private async fresh(): Promise<void> {
    if (this.loaded && !this.services.acrossNodes) return;
    // One that began before may have read the head too early.
    await this.refreshing;
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = null;
    });
    await this.refreshing;
  }

  private async refresh(): Promise<void> {
    // Read first: a row that was on its way when this node wrote is not taken for one of another pool.
    const before = this.head;
    const row = await this.rows.head(this.tenantId, this.key);
    if (!this.loaded) {
      await this.load();
      this.loaded = true;
    } else await this.catchUp(before, row?.head ?? null);
    // Whoever wrote meanwhile knows better.
    if (this.head !== before) return;
    this.head = row?.head ?? null;
    this.version = row?.version ?? 0;
  }

  /** What others changed between two heads. */
  private async catchUp(before: PoolHead | null, head: PoolHead | null): Promise<void> {
    if (head === null) {
      if (before !== null) await this.load();
      return;
    }
    // A pool that was swept away and begun anew counts from the start again.
    const isAnother = before === null || head.createdAt !== before.createdAt || head.seq < before.seq;
    if (isAnother || head.floor > before.seq) await this.load();
    else await this.look(head.changes.filter(([seq]) => seq > before.seq).map(([, id]) => id));
  }

  private async load(): Promise<void> {
    const unfinished = await this.rows.forgettings(this.tenantId, this.key);
    for (const { id, rule, begunAt } of unfinished) await this.forgetAll(id, rule, begunAt + CLOCK_SKEW_MS);
    const index = new PoolIndex();
    const changed = new Set<string>();
    this.loads.add(changed);
    try {
      for await (const page of this.rows.entries(this.tenantId, this.key)) {
        for (const { id, memory } of page) index.set(id, memory);
        // A large pool is read for seconds: others have their turn.
        await this.services.clock.turn();
      }
    } finally {
      this.loads.delete(changed);
    }
    this.index = index;
    await this.look([...changed]);
    // It was not known then how many are left.
    if (unfinished.length > 0) await this.tell([], this.head?.spaces ?? []);
  }

  private note(id: string, memory: KeptMemory | null): void {
    if (memory === null) this.index.delete(id);
    else this.index.set(id, memory);
    for (const changed of this.loads) changed.add(id);
  }

  private async look(ids: readonly string[]): Promise<void> {
    await Promise.all(
      [...new Set(ids)].map(async (id) => {
        const row = await this.rows.entry(this.tenantId, this.key, id);
        this.note(id, row === null || isGone(row.value) ? null : row.value);
      }),
    );
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const some = this.waiting.slice(0, BATCH);
      // Room is made among what is there, never among what comes: no more comes at once than there may be.
      const batch = some.slice(0, Math.min(...some.map(({ settings }) => settings.maxEntries)));
      try {
        const kept = await this.write(batch);
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

  private async write(batch: readonly Waiting[]): Promise<readonly (Kept | PlatformError)[]> {
    await this.fresh();
    const now = this.services.clock.now();
    const outcomes = new Map<Waiting, Kept | PlatformError>();
    const drafts: Waiting[] = [];
    const ids = new Set(batch.map(({ draft }) => draft.id));
    const coming = new Set<string>();
    for (const each of batch) {
      const { draft, settings } = each;
      if (this.index.get(draft.id) !== undefined || coming.has(draft.id)) {
        drafts.push(each);
        continue;
      }
      // A call that runs again takes no room, not even where its memory is gone.
      const isFull = this.index.size + coming.size >= settings.maxEntries;
      if (isFull && (await this.rows.entry(this.tenantId, this.key, draft.id)) !== null) {
        drafts.push(each);
        continue;
      }
      const forgotten = await this.makeRoom(coming.size + 1, settings, now, ids);
      if (forgotten === null)
        outcomes.set(
          each,
          new PlatformError(
            "OVERLOADED",
            `${this.pool.name} has ${settings.maxEntries} memories, as many as it may, and forgets none by itself (spec.whenFull)`,
            { retryable: false },
          ),
        );
      else {
        coming.add(draft.id);
        drafts.push(each);
        outcomes.set(each, { kept: true, isNew: true, forgotten });
      }
    }
    await this.prepareSpaces(drafts);
    const written: Waiting[] = [];
    await Promise.all(
      drafts.map(async (each) => {
        const { id, memory, vector } = each.draft;
        const sealed =
          vector !== null && this.services.sealsVectors ? { ...memory, vector: packVector(vector) } : memory;
        if ((await this.rows.putEntry(this.tenantId, this.key, id, sealed, 0)) !== null) {
          written.push(each);
          this.note(id, sealed);
          return;
        }
        const there = await this.rows.entry(this.tenantId, this.key, id);
        const kept = there !== null && !isGone(there.value);
        if (there !== null && !isGone(there.value)) {
          written.push(each);
          this.note(id, there.value);
        }
        outcomes.set(each, { kept, isNew: false, forgotten: [] });
      }),
    );
    await this.putVectors(written.map(({ draft }) => draft));
    await this.tell(written.map(({ draft }) => draft.id));
    return batch.map((each) => outcomes.get(each) ?? { kept: true, isNew: false, forgotten: [] });
  }

  /** Null: there is none, and none may be made. */
  private async makeRoom(
    coming: number,
    settings: PoolSettings,
    now: number,
    spared: ReadonlySet<string>,
  ): Promise<readonly string[] | null> {
    const missing = (): number => this.index.size + coming - settings.maxEntries;
    if (missing() <= 0) return [];
    const over = this.index.over(now).filter((id) => !spared.has(id));
    await this.remove(over, "over");
    if (missing() <= 0) return [];
    if (settings.whenFull === "refuse") return null;
    const least = this.index.leastWorth(missing(), now, settings.halfLifeMs, spared);
    await this.remove(least, "over");
    this.services.logger.log(
      "info",
      `${this.pool.name} is full: ${least.length} memories were forgotten for new ones`,
      {
        tenantId: this.tenantId,
      },
    );
    return least;
  }

  /** Namespaces are known before there is anything in them, so that forgetting finds them. */
  private async prepareSpaces(drafts: readonly Waiting[]): Promise<void> {
    if (this.services.sealsVectors) return;
    const spaces = drafts.flatMap(({ draft: { memory, vector } }) =>
      vector === null || memory.embedder === undefined ? [] : [this.spaceOf(memory.embedder, vector)],
    );
    const missing = [...new Set(spaces)].filter((space) => !(this.head?.spaces ?? []).includes(space));
    if (missing.length > 0) await this.tell([], missing);
  }

  private spaceOf(embedder: string, vector: Vector): string {
    // An embedder that gives vectors of another length is another one, whatever it is called.
    return `memory/${this.key}/${this.services.digest.sha256(embedder).slice(0, 16)}/${vector.length}`;
  }

  private async putVectors(drafts: readonly Draft[]): Promise<void> {
    if (this.services.sealsVectors) return;
    const spaces = new Map<string, { readonly id: string; readonly vector: Vector }[]>();
    for (const { id, memory, vector } of drafts) {
      if (vector === null || memory.embedder === undefined) continue;
      const space = this.spaceOf(memory.embedder, vector);
      spaces.set(space, [...(spaces.get(space) ?? []), { id, vector }]);
    }
    for (const [namespace, entries] of spaces) {
      const scope = { tenantId: this.tenantId, namespace };
      await this.services.vectorIndex.upsert(scope, entries);
      if (!this.services.acrossNodes) continue;
      // Another node may have forgotten one between the two writes (L1).
      const rows = await Promise.all(entries.map(({ id }) => this.rows.entry(this.tenantId, this.key, id)));
      const gone = entries.filter((_, place) => rows[place] == null || isGone(rows[place].value)).map(({ id }) => id);
      if (gone.length > 0) await this.services.vectorIndex.delete(scope, gone);
    }
  }

  private async searchByMeaning(
    { query, tags, document }: Search,
    embedder: Embedder | null,
    accepts: (id: string) => boolean,
    reasons: string[],
    signal: AbortSignal,
  ): Promise<readonly Found[] | null> {
    if (embedder === null) {
      reasons.push("by words alone: there is no embedder");
      return null;
    }
    try {
      const [vector] = await embedInTime(this.services.clock, embedder, {
        ...{ tenantId: this.tenantId, texts: [query], timeoutMs: RECALL_EMBED_MS, signal },
      });
      if (vector?.some((number) => number !== 0) !== true) {
        reasons.push(`by words alone: ${embedder.name} has no vector for the query`);
        return null;
      }
      const limit = tags.length > 0 || document !== undefined ? CANDIDATES_FILTERED : CANDIDATES;
      const near = await this.nearest(embedder.name, vector, limit);
      reasons.push(`by words and by meaning (${embedder.name})`);
      return near
        .filter(({ id }) => accepts(id))
        .slice(0, CANDIDATES)
        .map(({ id, similarity }) => ({ id, score: similarity }));
    } catch (error) {
      signal.throwIfAborted();
      reasons.push(`by words alone: ${PlatformError.from(error).message}`);
      return null;
    }
  }

  private async nearest(embedder: string, vector: Vector, limit: number): Promise<readonly NearVector[]> {
    if (this.services.sealsVectors)
      return this.index.vectors.get(`${embedder}/${vector.length}`)?.nearest(checkQuery({ vector, limit })) ?? [];
    const namespace = this.spaceOf(embedder, vector);
    return this.services.vectorIndex.nearest({ tenantId: this.tenantId, namespace }, { vector, limit });
  }

  private async forgetOne(id: string, writtenBy: string | undefined): Promise<readonly string[]> {
    const row = await this.rows.entry(this.tenantId, this.key, id);
    if (row === null || isGone(row.value)) return [];
    if (writtenBy !== undefined && row.value.writtenBy !== writtenBy)
      throw new PlatformError(
        "PERMISSION_DENIED",
        `memory ${id} of ${this.pool.name} was written by ${row.value.writtenBy}`,
      );
    await this.remove([id], "gone");
    return [id];
  }

  /** By what lies in the store: the index may lack what was written by a node that died. `until`: nothing that was remembered later. */
  private async forgetAll(
    name: string,
    rule: ForgetRule,
    until = Number.POSITIVE_INFINITY,
  ): Promise<readonly string[]> {
    const forgotten: string[] = [];
    const fits = fitting(rule);
    for await (const page of this.rows.entries(this.tenantId, this.key)) {
      const ids = page.filter(({ memory }) => memory.at <= until && fits(memory)).map(({ id }) => id);
      await this.remove(ids, "gone");
      forgotten.push(...ids);
    }
    await this.rows.endForgetting(this.tenantId, this.key, name);
    return forgotten;
  }

  /** `gone`: a step that runs again does not bring it back. */
  private async remove(ids: readonly string[], as: "gone" | "over"): Promise<void> {
    if (ids.length === 0) return;
    const { vectorIndex, clock, acrossNodes } = this.services;
    const spaces = this.head?.spaces ?? (await this.rows.head(this.tenantId, this.key))?.head.spaces ?? [];
    const removeVectors = async (): Promise<void> => {
      for (const namespace of spaces)
        for (let start = 0; start < ids.length; start += VECTOR_BATCH)
          await vectorIndex.delete({ tenantId: this.tenantId, namespace }, ids.slice(start, start + VECTOR_BATCH));
    };
    await removeVectors();
    for (let start = 0; start < ids.length; start += BATCH)
      await Promise.all(
        ids
          .slice(start, start + BATCH)
          .map((id) =>
            as === "gone"
              ? this.rows.markGone(this.tenantId, this.key, id, clock.now())
              : this.rows.removeEntry(this.tenantId, this.key, id),
          ),
      );
    // A node that was remembering one of them may have put its vector in between.
    if (acrossNodes) await removeVectors();
    for (const id of ids) {
      this.note(id, null);
      this.uses.delete(id);
    }
    await this.tell(ids);
  }

  /** Changes become known: the head moves on, over the changes of other nodes. */
  private async tell(ids: readonly string[], newSpaces: readonly string[] = []): Promise<void> {
    if (ids.length + newSpaces.length === 0) return;
    let spaces = newSpaces;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const head = this.head ?? {
        ...{ name: this.pool.name, createdAt: this.services.clock.now(), seq: 0, entries: 0 },
        ...{ spaces: [], changes: [], floor: 0 },
      };
      const next = after(head, ids, spaces, this.index.size, this.services.acrossNodes);
      const version = await this.rows.putHead(this.tenantId, this.key, next, this.version);
      if (version !== null) {
        this.head = next;
        this.version = version;
        return;
      }
      const before = this.head;
      const row = await this.rows.head(this.tenantId, this.key);
      // Swept away meanwhile, a pool that had no memories yet would forget where its vectors are.
      if (row === null) spaces = [...spaces, ...(before?.spaces ?? [])];
      if (this.loaded) await this.catchUp(before, row?.head ?? null);
      this.head = row?.head ?? null;
      this.version = row?.version ?? 0;
    }
    throw new PlatformError("STORE_UNAVAILABLE", `${this.pool.name} is changed by too many at once`);
  }

  private async sweepSpace(namespace: string): Promise<void> {
    const { vectorIndex, sealsVectors } = this.services;
    const scope = { tenantId: this.tenantId, namespace };
    // They were written before there was a key.
    if (sealsVectors) return void (await vectorIndex.clear(scope));
    for (let after: string | undefined; ; ) {
      const page = await vectorIndex.list(scope, { limit: VECTOR_BATCH, ...(after === undefined ? {} : { after }) });
      const unknown = page.map(({ id }) => id).filter((id) => this.index.get(id) === undefined);
      const rows = await Promise.all(unknown.map((id) => this.rows.entry(this.tenantId, this.key, id)));
      const orphans = unknown.filter((_, place) => rows[place] == null || isGone(rows[place].value));
      if (orphans.length > 0) await vectorIndex.delete(scope, orphans);
      after = page.at(-1)?.id;
      if (page.length < VECTOR_BATCH) return;
    }
  }

  private withUses(id: string, memory: KeptMemory): KeptMemory {
    const more = this.uses.get(id);
    return more === undefined
      ? memory
      : { ...memory, uses: memory.uses + more.uses, lastUsedAt: Math.max(memory.lastUsedAt, more.lastUsedAt) };
  }

  /** A statistic, not worth a write each: told to the store within a minute of the next call, and at the end. */
  private used(ids: readonly string[]): void {
    const { clock } = this.services;
    const now = clock.now();
    for (const id of ids) {
      const { uses } = this.uses.get(id) ?? { uses: 0 };
      this.uses.set(id, { uses: uses + 1, lastUsedAt: now });
      const memory = this.index.get(id);
      if (memory === undefined) continue;
      memory.uses += 1;
      memory.lastUsedAt = now;
    }
    if (this.uses.size < USES_AT_ONCE && clock.monotonic() - this.usesFlushedAt < USES_EVERY_MS) return;
    this.inTurn(() => this.writeUses()).catch((error: unknown) =>
      this.services.logger.log("warn", `uses of memories were not written: ${PlatformError.from(error).message}`, {
        tenantId: this.tenantId,
      }),
    );
  }

  private async writeUses(): Promise<void> {
    const { uses } = this;
    this.uses = new Map();
    this.usesFlushedAt = this.services.clock.monotonic();
    await Promise.all(
      [...uses].map(async ([id, more]) => {
        const row = await this.rows.entry(this.tenantId, this.key, id);
        if (row === null || isGone(row.value)) return;
        const memory = { ...row.value, uses: row.value.uses + more.uses, lastUsedAt: more.lastUsedAt };
        // Forgotten meanwhile, it stays so.
        await this.rows.putEntry(this.tenantId, this.key, id, memory, row.version);
      }),
    );
  }
}

const after = (
  head: PoolHead,
  ids: readonly string[],
  spaces: readonly string[],
  entries: number,
  acrossNodes: boolean,
): PoolHead => {
  const seq = head.seq + Math.max(1, ids.length);
  const all = [...head.changes, ...ids.map((id, place) => [head.seq + place + 1, id] as const)];
  const changes = acrossNodes ? all.slice(-KEPT_CHANGES) : [];
  // A reader that knows less than `floor` lacks changes that are not listed any more.
  const floor = changes.length === all.length ? head.floor : (changes[0]?.[0] ?? seq + 1) - 1;
  return { ...head, seq, entries, spaces: [...new Set([...head.spaces, ...spaces])], changes, floor };
};

const isSameRule = (one: ForgetRule, other: ForgetRule): boolean =>
  one.writtenBy === other.writtenBy && JSON.stringify(one.which) === JSON.stringify(other.which);

const fitting = ({ which, writtenBy }: ForgetRule): ((memory: KeptMemory) => boolean) => {
  const isOfHand = (memory: KeptMemory): boolean => writtenBy === undefined || memory.writtenBy === writtenBy;
  if ("words" in which) {
    const wanted = [...new Set(wordsOf(which.words))];
    return (memory) => {
      if (!isOfHand(memory)) return false;
      const words = new Set(wordsOf(memory.text));
      return wanted.length > 0 && wanted.every((word) => words.has(word));
    };
  }
  if ("task" in which) return (memory) => isOfHand(memory) && memory.source.taskId === which.task;
  if ("document" in which) return (memory) => isOfHand(memory) && memory.source.document === which.document;
  if ("caller" in which) return (memory) => isOfHand(memory) && memory.source.caller === which.caller;
  return "all" in which ? isOfHand : () => false;
};

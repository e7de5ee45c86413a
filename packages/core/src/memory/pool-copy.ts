/** What this node has of a pool: its head, and an index of its memories, kept in step with the store (L3). */
import { PlatformError } from "@agentcore/contract";
import type { Clock } from "../ports/index.ts";
import { isGone, type KeptMemory } from "./kept-memory.ts";
import { PoolIndex } from "./pool-index.ts";
import type { PoolHead, PoolRows } from "./pool-rows.ts";

interface PoolCopyOptions {
  readonly rows: PoolRows;
  readonly name: string;
  readonly clock: Clock;
  /** Whether others change the store too. */
  readonly acrossNodes: boolean;
  /** Called before the whole pool is read (L5). True: there were some. */
  readonly finishForgettings: () => Promise<boolean>;
}

const KEPT_CHANGES = 64;
const MAX_TRIES = 20;

export class PoolCopy {
  private readonly options: PoolCopyOptions;
  private held = new PoolIndex();
  private known: PoolHead | null = null;
  private version = 0;
  private loaded = false;
  private refreshing: Promise<void> | null = null;
  /** Of each reading of the whole pool that is under way: what changed since it began. */
  private readonly loads = new Set<Set<string>>();

  constructor(options: PoolCopyOptions) {
    this.options = options;
  }

  get index(): PoolIndex {
    return this.held;
  }

  /** Null: there is no such pool yet. */
  get head(): PoolHead | null {
    return this.known;
  }

  /** The index has all that was confirmed before this was called. */
  async fresh(): Promise<void> {
    if (this.loaded && !this.options.acrossNodes) return;
    // One that began before may have read the head too early.
    await this.refreshing;
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = null;
    });
    await this.refreshing;
  }

  /** As it lies in the store now; null: it is gone. */
  note(id: string, memory: KeptMemory | null): void {
    if (memory === null) this.held.delete(id);
    else this.held.set(id, memory);
    for (const changed of this.loads) changed.add(id);
  }

  /** Namespaces of the vector index that hold vectors of it, also before the pool was read. */
  async spaces(): Promise<readonly string[]> {
    return this.known?.spaces ?? (await this.options.rows.head())?.head.spaces ?? [];
  }

  /** Changes become known: the head moves on, over the changes of other nodes. */
  async tell(ids: readonly string[], newSpaces: readonly string[] = []): Promise<void> {
    const { rows, clock, name, acrossNodes } = this.options;
    if (ids.length + newSpaces.length === 0) return;
    let spaces = newSpaces;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const head = this.known ?? {
        ...{ name, createdAt: clock.now(), seq: 0, entries: 0 },
        ...{ spaces: [], changes: [], floor: 0 },
      };
      const next = after(head, ids, spaces, this.held.size, acrossNodes);
      const version = await rows.putHead(next, this.version);
      if (version !== null) {
        this.known = next;
        this.version = version;
        return;
      }
      const before = this.known;
      const row = await rows.head();
      // Swept away meanwhile, a pool that had no memories yet would forget where its vectors are.
      if (row === null) spaces = [...spaces, ...(before?.spaces ?? [])];
      if (this.loaded) await this.catchUp(before, row?.head ?? null);
      this.known = row?.head ?? null;
      this.version = row?.version ?? 0;
    }
    throw new PlatformError("STORE_UNAVAILABLE", `${name} is changed by too many at once`);
  }

  /** Of a pool that is empty. False where somebody has changed it meanwhile. */
  async drop(): Promise<boolean> {
    if (!(await this.options.rows.dropHead(this.version))) return false;
    this.known = null;
    this.version = 0;
    return true;
  }

  private async refresh(): Promise<void> {
    // Read first: a row that was on its way when this node wrote is not taken for one of another pool.
    const before = this.known;
    const row = await this.options.rows.head();
    if (!this.loaded) {
      await this.load();
      this.loaded = true;
    } else await this.catchUp(before, row?.head ?? null);
    // Whoever wrote meanwhile knows better.
    if (this.known !== before) return;
    this.known = row?.head ?? null;
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
    const { rows, clock, finishForgettings } = this.options;
    const wereUnfinished = await finishForgettings();
    const index = new PoolIndex();
    const changed = new Set<string>();
    this.loads.add(changed);
    try {
      for await (const page of rows.entries()) {
        for (const { id, memory } of page) index.set(id, memory);
        // A large pool is read for seconds: others have their turn.
        await clock.turn();
      }
    } finally {
      this.loads.delete(changed);
    }
    this.held = index;
    await this.look([...changed]);
    // It was not known then how many are left.
    if (wereUnfinished) await this.tell([], this.known?.spaces ?? []);
  }

  private async look(ids: readonly string[]): Promise<void> {
    await Promise.all(
      [...new Set(ids)].map(async (id) => {
        const row = await this.options.rows.entry(id);
        this.note(id, row === null || isGone(row.value) ? null : row.value);
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

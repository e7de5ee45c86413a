/**
 * Open sources of tools, one for each manifest: a connection to its server, or its library. Opened when it is first needed, shared by the tasks of its tenant,
 * or of one caller of it where that is its owner, and by no other's, closed when it was not used for a while. One that cannot be had is left in peace for longer and longer.
 */
import { PlatformError } from "@agentcore/contract";
import type { ListedTool, ToolAnswers } from "@agentcore/core/ports";

/** A tool by the name that its source has for it. */
export type SourceTool = Omit<ListedTool, "origin">;

export interface SourceCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string;
  /** Whether it does no harm twice. */
  readonly mayRepeat: boolean;
  /** Of people, to what the call before has asked. */
  readonly answers?: ToolAnswers | undefined;
  readonly signal: AbortSignal;
}

export interface ToolSource {
  /** Where there is one behind it. */
  readonly server?: { readonly name: string; readonly version: string; readonly protocol: string } | undefined;
  /** False once it has gone, or it was closed. */
  readonly isOpen: boolean;
  list(signal: AbortSignal): Promise<readonly SourceTool[]>;
  /** JSON. */
  call(call: SourceCall): Promise<unknown>;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface PooledSource {
  readonly tenantId: string;
  readonly name: string;
  /** The caller whom it works for; absent: all of the tenant. */
  readonly owner?: string | undefined;
  /** Changes whenever what is declared of it does: then another connection is opened, and the one before closed once nobody uses it. */
  readonly revision: string;
  /** In words, for errors. */
  readonly what: string;
  open(signal: AbortSignal, onChanged: () => void): Promise<ToolSource>;
  /** Whether an error says that nothing was done, as the source had lost what it knew of this node: work is then done once more, by another. @default never */
  hasForgotten?(error: unknown): boolean;
  /** Whether an error of opening it says nothing of how it is: then it is not left in peace. @default never */
  saysNothing?(error: unknown): boolean;
}

export interface PoolOptions {
  readonly clock: { monotonic(): number; after(ms: number, run: () => void): { cancel(): void } };
  readonly random: () => number;
  /** Open at once on this node, opening ones included. @default 200 */
  readonly max?: number;
  /** @default 50 */
  readonly maxPerTenant?: number;
}

const MAX_SOURCES = 200;
const MAX_PER_TENANT = 50;
const IDLE_MS = 5 * 60_000;
// A server that says when its tools change is asked again then; also one that forgets to say so is not believed for ever.
const LIST_FRESH_MS = 60_000;
// One that goes sooner has not come to much: the next is opened after a pause, as if it had never been there.
const STABLE_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;
// Of one tenant, whose callers may be any number.
const MAX_FAILURES = 1_000;

interface Entry {
  readonly key: string;
  readonly pooled: PooledSource;
  readonly opening: Promise<ToolSource>;
  readonly abort: AbortController;
  source: ToolSource | null;
  openedAt: number;
  users: number;
  usedAt: number;
  list: { readonly at: number; readonly tools: Promise<readonly SourceTool[]> } | null;
}

export class SourcePool {
  private readonly options: PoolOptions;
  private readonly entries = new Map<string, Entry>();
  /** Replaced, and still used. */
  private readonly leaving = new Set<Entry>();
  private readonly closing = new Set<Promise<void>>();
  /** Failures in a row, and until when none is opened. */
  private readonly failures = new Map<string, { count: number; until: number; last: PlatformError }>();
  private sweeping: { cancel(): void } | null = null;
  private isClosed = false;

  constructor(options: PoolOptions) {
    this.options = options;
  }

  get size(): number {
    return this.entries.size + this.leaving.size;
  }

  /** Throws what opening does, OVERLOADED. `work` is done once more where it could not begin. */
  async use<T>(pooled: PooledSource, signal: AbortSignal, work: (source: ToolSource) => Promise<T>): Promise<T> {
    try {
      return await this.useOnce(pooled, signal, work);
    } catch (error) {
      if (pooled.hasForgotten?.(error) !== true) throw error;
      return this.useOnce(pooled, signal, work);
    }
  }

  private async useOnce<T>(
    pooled: PooledSource,
    signal: AbortSignal,
    work: (source: ToolSource) => Promise<T>,
  ): Promise<T> {
    const entry = this.entryOf(pooled);
    entry.users += 1;
    try {
      return await work(await untilAborted(entry.opening, signal));
    } catch (error) {
      if (pooled.hasForgotten?.(error) === true) this.replace(entry);
      throw error;
    } finally {
      entry.users -= 1;
      entry.usedAt = this.options.clock.monotonic();
      if (entry.source?.isOpen === true && entry.usedAt - entry.openedAt >= STABLE_MS) this.failures.delete(entry.key);
      if (this.leaving.has(entry) && entry.users === 0) this.drop(entry);
      this.sweepLater();
    }
  }

  /** As they were seen a minute ago at most, unless the server said that they changed. */
  tools(pooled: PooledSource, signal: AbortSignal): Promise<readonly SourceTool[]> {
    return this.use(pooled, signal, (source) => {
      const entry = this.entries.get(keyOf(pooled));
      const now = this.options.clock.monotonic();
      if (entry === undefined || entry.source !== source) return source.list(signal);
      if (entry.list === null || now - entry.list.at > LIST_FRESH_MS) {
        const list = { at: now, tools: source.list(entry.abort.signal) };
        entry.list = list;
        list.tools.catch(() => {
          if (entry.list === list) entry.list = null;
        });
      }
      return untilAborted(entry.list.tools, signal);
    });
  }

  /** What is known of it without asking: null where it is not open. */
  source({ tenantId, name }: Pick<PooledSource, "tenantId" | "name">): ToolSource | null {
    const isOf = ofManifest({ tenantId, name });
    return [...this.entries.values()].find(({ key, source }) => isOf(key) && source !== null)?.source ?? null;
  }

  /** Its last failure, while it is left in peace. */
  trouble({ tenantId, name }: Pick<PooledSource, "tenantId" | "name">): PlatformError | null {
    const isOf = ofManifest({ tenantId, name });
    const failure = [...this.failures].findLast(([key]) => isOf(key))?.[1];
    return failure === undefined || this.source({ tenantId, name })?.isOpen === true ? null : failure.last;
  }

  /** It is not declared any more, or is not to work for `owner` any more. @default whoever its owners are */
  forget(tenantId: string, name: string, owner?: string): void {
    const own = keyOf({ tenantId, name, owner });
    const isOf = owner === undefined ? ofManifest({ tenantId, name }) : (key: string): boolean => key === own;
    for (const key of [...this.failures.keys()].filter(isOf)) this.failures.delete(key);
    for (const entry of [...this.entries.values()].filter(({ key }) => isOf(key))) this.replace(entry);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.sweeping?.cancel();
    const all = [...this.entries.values(), ...this.leaving];
    this.entries.clear();
    this.leaving.clear();
    for (const entry of all) this.end(entry, stopping());
    await Promise.all(this.closing);
  }

  private entryOf(pooled: PooledSource): Entry {
    const key = keyOf(pooled);
    const known = this.entries.get(key);
    if (known !== undefined && known.pooled.revision === pooled.revision && known.source?.isOpen !== false)
      return known;
    this.replace(known);
    const failure = this.failures.get(key);
    const now = this.options.clock.monotonic();
    if (failure !== undefined && now < failure.until) {
      // Another try soon comes to the same.
      if (!failure.last.retryable) throw failure.last;
      throw new PlatformError(
        "UPSTREAM_FAILED",
        `${failure.last.message} (tried again in ${Math.ceil((failure.until - now) / 1000)} s)`,
        {
          cause: failure.last,
          retryable: true,
          retryAfterMs: Math.ceil(failure.until - now),
        },
      );
    }
    this.makeRoom(pooled);
    return this.open(key, pooled);
  }

  private open(key: string, pooled: PooledSource): Entry {
    const { clock } = this.options;
    const abort = new AbortController();
    const opening = pooled.open(abort.signal, () => {
      entry.list = null;
      if (entry.source?.isOpen === false) this.gone(entry);
    });
    const now = clock.monotonic();
    const entry: Entry = {
      ...{ key, pooled, opening, abort, source: null, users: 0, list: null },
      ...{ openedAt: now, usedAt: now },
    };
    this.entries.set(key, entry);
    opening.then(
      (source) => {
        entry.source = source;
        entry.openedAt = clock.monotonic();
      },
      (error: unknown) => {
        if (this.entries.get(key) === entry) this.entries.delete(key);
        if (!abort.signal.aborted && pooled.saysNothing?.(error) !== true) this.failed(key, PlatformError.from(error));
      },
    );
    return entry;
  }

  /** By itself: what is closed here does not stand among the entries any more. */
  private gone(entry: Entry): void {
    if (this.entries.get(entry.key) !== entry) return;
    if (this.options.clock.monotonic() - entry.openedAt >= STABLE_MS) this.failures.delete(entry.key);
    else
      this.failed(
        entry.key,
        new PlatformError("UPSTREAM_FAILED", `${entry.pooled.what} went away as soon as it was there`, {
          retryable: true,
        }),
      );
  }

  private failed(key: string, last: PlatformError): void {
    const count = (this.failures.get(key)?.count ?? 0) + 1;
    const pause =
      Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(count - 1, 20)) * (1 + this.options.random() / 4);
    this.failures.delete(key);
    this.failures.set(key, { count, until: this.options.clock.monotonic() + pause, last });
    const own = `${key.slice(0, key.indexOf("/"))}/`;
    const [oldest, ...others] = [...this.failures.keys()].filter((each) => each.startsWith(own));
    if (others.length >= MAX_FAILURES && oldest !== undefined) this.failures.delete(oldest);
  }

  /** Closes what nobody uses now, the longest unused first. Throws OVERLOADED, UNAVAILABLE. */
  private makeRoom({ tenantId }: PooledSource): void {
    if (this.isClosed) throw stopping();
    const { max = MAX_SOURCES, maxPerTenant = MAX_PER_TENANT } = this.options;
    const ofTenant = () =>
      [...this.entries.values(), ...this.leaving].filter(({ pooled }) => pooled.tenantId === tenantId);
    const idle = (entries: Iterable<Entry>) =>
      [...entries].filter(({ users }) => users === 0).toSorted((one, other) => one.usedAt - other.usedAt)[0];
    while (ofTenant().length >= maxPerTenant || this.size >= max) {
      const isTenants = ofTenant().length >= maxPerTenant;
      const least = idle(isTenants ? ofTenant() : this.entries.values());
      if (least === undefined)
        throw new PlatformError(
          "OVERLOADED",
          isTenants
            ? `the tools of ${maxPerTenant} manifests are in use, as many as a tenant may have on a node`
            : `the tools of ${max} manifests are in use on this node`,
          { retryAfterMs: 1000 },
        );
      this.replace(least);
    }
  }

  private replace(entry: Entry | undefined): void {
    if (entry === undefined) return;
    if (this.entries.get(entry.key) === entry) this.entries.delete(entry.key);
    if (entry.users === 0) this.drop(entry);
    else this.leaving.add(entry);
  }

  private drop(entry: Entry): void {
    this.leaving.delete(entry);
    this.end(entry, new PlatformError("UNAVAILABLE", `${entry.pooled.what} is not needed any more`));
  }

  /** One that is not open yet is not opened to the end. */
  private end({ abort, opening }: Entry, why: PlatformError): void {
    abort.abort(why);
    const closing = opening
      .then(
        (source) => source.close(),
        () => undefined,
      )
      .finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }

  private sweepLater(): void {
    if (this.sweeping !== null || this.isClosed || this.entries.size === 0) return;
    this.sweeping = this.options.clock.after(IDLE_MS, () => {
      this.sweeping = null;
      const now = this.options.clock.monotonic();
      for (const entry of [...this.entries.values()])
        if (entry.users === 0 && now - entry.usedAt >= IDLE_MS) this.replace(entry);
      this.sweepLater();
    });
  }
}

const keyOf = ({ tenantId, name, owner }: Pick<PooledSource, "tenantId" | "name" | "owner">): string =>
  owner === undefined ? `${tenantId}/${name}` : `${tenantId}/${name}/${owner}`;

/** Whoever its owners are. */
const ofManifest = (of: Pick<PooledSource, "tenantId" | "name">): ((key: string) => boolean) => {
  const shared = keyOf(of);
  return (key) => key === shared || key.startsWith(`${shared}/`);
};

const stopping = (): PlatformError => new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 });

/** Whoever goes does not end what others wait for. */
export const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  if (signal.aborted) return Promise.reject(signal.reason);
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener("abort", abort));
};

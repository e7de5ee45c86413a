/**
 * The rows of a pool of long-term memory, in the one namespace that the tenant has for it:
 *   pool/KEY             what is known of the pool as a whole, changed by compare-and-set alone
 *   entry/KEY/ID         one memory, or that it is gone
 *   forget/KEY/ID        a forgetting that is under way, until it is done
 *   pools                how many pools there are
 */
import { PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueScope } from "../ports/index.ts";
import type { ForgetRule } from "./forget-rule.ts";
import { type GoneMemory, type KeptMemory, readKept } from "./kept-memory.ts";

export interface PoolHead {
  readonly name: string;
  readonly createdAt: number;
  /** Grows by one with each change that others have to hear of. */
  readonly seq: number;
  readonly entries: number;
  /** Namespaces of the vector index that hold vectors of it. */
  readonly spaces: readonly string[];
  /** The latest changes, all of them after `floor`: number and id. */
  readonly changes: readonly (readonly [number, string])[];
  readonly floor: number;
}

export interface HeadRow {
  readonly head: PoolHead;
  readonly version: number;
}

type EntryPage = readonly { readonly id: string; readonly memory: KeptMemory }[];

/** Most pools of a tenant: with one for each caller of an agent there are many. */
const MAX_POOLS = 100_000;
// Long enough for any step that was under way to have run again.
const GONE_MS = 7 * 86_400_000;
const PAGE = 500;

export class PoolRows {
  private readonly keyValue: KeyValue;
  private readonly scope: KeyValueScope;
  private readonly key: string;

  constructor(keyValue: KeyValue, tenantId: string, key: string) {
    this.keyValue = keyValue;
    this.scope = scopeOf(tenantId);
    this.key = key;
  }

  async head(): Promise<HeadRow | null> {
    const entry = await this.keyValue.get(this.scope, `pool/${this.key}`);
    return entry === null ? null : { head: entry.value as PoolHead, version: entry.version };
  }

  /** Null when somebody else has changed it. Throws OVERLOADED for one pool too many. */
  async putHead(head: PoolHead, version: number): Promise<number | null> {
    const { keyValue, scope } = this;
    if (version === 0 && (await keyValue.add(scope, "pools", 1, { ceiling: MAX_POOLS })) === null)
      throw new PlatformError(
        "OVERLOADED",
        `the tenant has ${MAX_POOLS} pools of memories, as many as it may; forget some: agentcore memory forget --all`,
      );
    const written = await keyValue.put(scope, `pool/${this.key}`, head, { expectedVersion: version });
    if (version === 0 && written === null) await keyValue.add(scope, "pools", -1);
    return written;
  }

  async dropHead(version: number): Promise<boolean> {
    const dropped = await this.keyValue.delete(this.scope, `pool/${this.key}`, { expectedVersion: version });
    if (dropped) await this.keyValue.add(this.scope, "pools", -1);
    return dropped;
  }

  async entry(id: string): Promise<{ readonly value: KeptMemory | GoneMemory; readonly version: number } | null> {
    const entry = await this.keyValue.get(this.scope, this.nameOf(id));
    const value = entry === null ? null : readKept(entry.value);
    return entry === null || value === null ? null : { value, version: entry.version };
  }

  /** Null when the expectation did not hold. `expectedVersion` as in KeyValue. */
  putEntry(id: string, memory: KeptMemory, expectedVersion: number): Promise<number | null> {
    return this.keyValue.put(this.scope, this.nameOf(id), memory, { expectedVersion });
  }

  async removeEntry(id: string): Promise<void> {
    await this.keyValue.delete(this.scope, this.nameOf(id));
  }

  async markGone(id: string, now: number): Promise<void> {
    const gone: GoneMemory = { goneAt: now };
    await this.keyValue.put(this.scope, this.nameOf(id), gone, { ttlMs: GONE_MS });
  }

  /** All of them, as they lie there now, in pages by id. */
  async *entries(start?: string): AsyncGenerator<EntryPage> {
    const prefix = this.nameOf("");
    for (let after = start === undefined ? undefined : `${prefix}${start}`; ; ) {
      const page = await this.keyValue.list(this.scope, {
        ...{ prefix, limit: PAGE },
        ...(after === undefined ? {} : { after }),
      });
      yield page.flatMap((entry) => {
        const memory = readKept(entry.value);
        return memory === null || "goneAt" in memory ? [] : [{ id: entry.key.slice(prefix.length), memory }];
      });
      after = page.at(-1)?.key;
      if (page.length < PAGE || after === undefined) return;
    }
  }

  async beginForgetting(id: string, rule: ForgetRule, now: number): Promise<void> {
    await this.keyValue.put(this.scope, `forget/${this.key}/${id}`, { ...rule, begunAt: now });
  }

  async endForgetting(id: string): Promise<void> {
    await this.keyValue.delete(this.scope, `forget/${this.key}/${id}`);
  }

  async forgettings(): Promise<
    readonly { readonly id: string; readonly rule: ForgetRule; readonly begunAt: number }[]
  > {
    const prefix = `forget/${this.key}/`;
    const listed = await this.keyValue.list(this.scope, { prefix });
    return listed.map((entry) => {
      const { begunAt, ...rule } = entry.value as ForgetRule & { readonly begunAt: number };
      return { id: entry.key.slice(prefix.length), rule, begunAt };
    });
  }

  private nameOf(id: string): string {
    return `entry/${this.key}/${id}`;
  }
}

/** A page of the heads of all pools of a tenant, in the order of keys, which says nothing. */
export const listPoolHeads = async (
  keyValue: KeyValue,
  tenantId: string,
  after: string | undefined,
  limit: number,
): Promise<readonly (HeadRow & { key: string })[]> => {
  const listed = await keyValue.list(scopeOf(tenantId), {
    ...{ prefix: "pool/", limit },
    ...(after === undefined ? {} : { after: `pool/${after}` }),
  });
  return listed.map(({ key, value, version }) => ({
    ...{ key: key.slice("pool/".length), head: value as PoolHead, version },
  }));
};

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "long-term-memory" });

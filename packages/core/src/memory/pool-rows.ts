/**
 * The rows of long-term memory, all of one namespace of the tenant's:
 *   pool/KEY             what is known of the pool as a whole, changed by compare-and-set alone
 *   entry/KEY/ID         one memory, or that it is gone
 *   forget/KEY/ID        a forgetting that is under way, until it is done
 *   pools                how many pools there are
 */
import { PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueScope } from "../ports/index.ts";
import { type GoneMemory, type KeptMemory, readKept } from "./kept-memory.ts";

/** What somebody wants gone. `writtenBy`: only of that hand. */
export interface ForgetRule {
  readonly which:
    | { readonly id: string }
    | { readonly words: string }
    | { readonly task: string }
    | { readonly document: string }
    | { readonly caller: string }
    | { readonly all: true };
  readonly writtenBy?: string | undefined;
}

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

/** Most pools of a tenant: with one for each caller of an agent there are many. */
const MAX_POOLS = 100_000;
// Long enough for any step that was under way to have run again.
const GONE_MS = 7 * 86_400_000;
const PAGE = 500;

export class PoolRows {
  private readonly keyValue: KeyValue;

  constructor(keyValue: KeyValue) {
    this.keyValue = keyValue;
  }

  async head(tenantId: string, key: string): Promise<HeadRow | null> {
    const entry = await this.keyValue.get(scopeOf(tenantId), `pool/${key}`);
    return entry === null ? null : { head: entry.value as PoolHead, version: entry.version };
  }

  /** Null when somebody else has changed it. Throws OVERLOADED for one pool too many. */
  async putHead(tenantId: string, key: string, head: PoolHead, version: number): Promise<number | null> {
    const scope = scopeOf(tenantId);
    if (version === 0 && (await this.keyValue.add(scope, "pools", 1, { ceiling: MAX_POOLS })) === null)
      throw new PlatformError(
        "OVERLOADED",
        `the tenant has ${MAX_POOLS} pools of memories, as many as it may; forget some: agentcore memory forget --all`,
      );
    const written = await this.keyValue.put(scope, `pool/${key}`, head, { expectedVersion: version });
    if (version === 0 && written === null) await this.keyValue.add(scope, "pools", -1);
    return written;
  }

  async dropHead(tenantId: string, key: string, version: number): Promise<boolean> {
    const dropped = await this.keyValue.delete(scopeOf(tenantId), `pool/${key}`, { expectedVersion: version });
    if (dropped) await this.keyValue.add(scopeOf(tenantId), "pools", -1);
    return dropped;
  }

  /** In the order of keys, which says nothing. */
  async heads(
    tenantId: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly (HeadRow & { key: string })[]> {
    const listed = await this.keyValue.list(scopeOf(tenantId), {
      ...{ prefix: "pool/", limit },
      ...(after === undefined ? {} : { after: `pool/${after}` }),
    });
    return listed.map(({ key, value, version }) => ({
      ...{ key: key.slice("pool/".length), head: value as PoolHead, version },
    }));
  }

  async entry(
    tenantId: string,
    key: string,
    id: string,
  ): Promise<{ readonly value: KeptMemory | GoneMemory; readonly version: number } | null> {
    const entry = await this.keyValue.get(scopeOf(tenantId), `entry/${key}/${id}`);
    const value = entry === null ? null : readKept(entry.value);
    return entry === null || value === null ? null : { value, version: entry.version };
  }

  /** Null when the expectation did not hold. `expectedVersion` as in KeyValue. */
  putEntry(
    tenantId: string,
    key: string,
    id: string,
    memory: KeptMemory,
    expectedVersion: number,
  ): Promise<number | null> {
    return this.keyValue.put(scopeOf(tenantId), `entry/${key}/${id}`, memory, { expectedVersion });
  }

  async removeEntry(tenantId: string, key: string, id: string): Promise<void> {
    await this.keyValue.delete(scopeOf(tenantId), `entry/${key}/${id}`);
  }

  async markGone(tenantId: string, key: string, id: string, now: number): Promise<void> {
    const gone: GoneMemory = { goneAt: now };
    await this.keyValue.put(scopeOf(tenantId), `entry/${key}/${id}`, gone, { ttlMs: GONE_MS });
  }

  /** All of them, as they lie there now, in pages by id. */
  async *entries(
    tenantId: string,
    key: string,
    start?: string,
  ): AsyncGenerator<readonly { readonly id: string; readonly memory: KeptMemory }[]> {
    const prefix = `entry/${key}/`;
    for (let after = start === undefined ? undefined : `${prefix}${start}`; ; ) {
      const page = await this.keyValue.list(scopeOf(tenantId), {
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

  async beginForgetting(tenantId: string, key: string, id: string, rule: ForgetRule, now: number): Promise<void> {
    await this.keyValue.put(scopeOf(tenantId), `forget/${key}/${id}`, { ...rule, begunAt: now });
  }

  async endForgetting(tenantId: string, key: string, id: string): Promise<void> {
    await this.keyValue.delete(scopeOf(tenantId), `forget/${key}/${id}`);
  }

  async forgettings(
    tenantId: string,
    key: string,
  ): Promise<readonly { readonly id: string; readonly rule: ForgetRule; readonly begunAt: number }[]> {
    const prefix = `forget/${key}/`;
    const listed = await this.keyValue.list(scopeOf(tenantId), { prefix });
    return listed.map((entry) => {
      const { begunAt, ...rule } = entry.value as ForgetRule & { readonly begunAt: number };
      return { id: entry.key.slice(prefix.length), rule, begunAt };
    });
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "long-term-memory" });

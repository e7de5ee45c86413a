/** Long-term memory over stores that outlive it, and that a test may have die at any write. */
import { createHash } from "node:crypto";
import type { MemoryPoolSpec } from "@agentcore/contract";
import { createMemoryKeyValue } from "../src/inprocess/memory-key-value.ts";
import { createMemoryVectorIndex } from "../src/inprocess/memory-vector-index.ts";
import { LongTermMemory, type LongTermMemoryOptions, type MemoryOrigin } from "../src/memory/index.ts";
import type { Embedder, KeyValue, VectorIndex } from "../src/ports/index.ts";
import { ManualClock } from "../src/testing/manual-clock.ts";
import { createRecordingLogger, createSequentialIds } from "../src/testing/test-senses.ts";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const digest = { sha256 };
export const signal = new AbortController().signal;

/** Each word has a direction of its own, but for those that the test says mean the same. */
export const wordEmbedder = (same: readonly (readonly string[])[] = [], name = "test/words"): Embedder => ({
  name,
  embed: async (_tenantId, texts) =>
    texts.map((text) => {
      const vector = new Float32Array(64);
      for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
        const meaning = same.find((group) => group.includes(word))?.[0] ?? word;
        const place = Number.parseInt(sha256(meaning).slice(0, 4), 16) % 64;
        vector[place] = (vector[place] ?? 0) + 1;
      }
      return vector;
    }),
});

export class Died extends Error {}

/** All writes of a process, of which one may be the last: before it is done, or after. */
export class Life {
  writes = 0;
  private readonly lastAt: number;
  private readonly when: "before" | "after";

  constructor(lastAt = Number.POSITIVE_INFINITY, when: "before" | "after" = "before") {
    this.lastAt = lastAt;
    this.when = when;
  }

  wrap<Port extends object>(port: Port, names: readonly string[]): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== "function") return method;
        return async (...given: unknown[]) => {
          if (this.writes > this.lastAt) throw new Died();
          if (!names.includes(String(name))) return Reflect.apply(method, target, given);
          this.writes += 1;
          if (this.writes > this.lastAt || (this.writes === this.lastAt && this.when === "before")) {
            this.writes = Math.max(this.writes, this.lastAt + 1);
            throw new Died();
          }
          const answer: unknown = await Reflect.apply(method, target, given);
          if (this.writes < this.lastAt) return answer;
          this.writes = this.lastAt + 1;
          throw new Died();
        };
      },
    });
  }
}

const KEY_VALUE_WRITES = ["put", "delete", "add"];
const VECTOR_WRITES = ["upsert", "delete", "clear"];

export const memoryWorld = (
  options: { readonly pools?: Readonly<Record<string, MemoryPoolSpec>>; readonly embedder?: Embedder | null } = {},
) => {
  const clock = new ManualClock();
  const ids = createSequentialIds("f");
  const keyValue: KeyValue = createMemoryKeyValue({ clock });
  const vectorIndex: VectorIndex = createMemoryVectorIndex();
  const logger = createRecordingLogger();
  const pools: Record<string, MemoryPoolSpec> = { ...options.pools };
  const open = (more: Partial<LongTermMemoryOptions> = {}, life = new Life()): LongTermMemory =>
    new LongTermMemory({
      ...{ clock, ids, digest, logger, sealsVectors: false, acrossNodes: false },
      keyValue: life.wrap(keyValue, KEY_VALUE_WRITES),
      vectorIndex: life.wrap(vectorIndex, VECTOR_WRITES),
      declared: async (_tenantId, name) => pools[name] ?? null,
      embedderOf: async () => options.embedder ?? null,
      ...more,
    });
  /** All that lies there, of every tenant and pool. */
  const lying = async (tenantId: string) => {
    const rows = await keyValue.list({ tenantId, namespace: "long-term-memory" });
    const entries = rows.filter(({ key }) => key.startsWith("entry/"));
    const spaces = rows.flatMap(({ key, value }) =>
      key.startsWith("pool/") ? (value as { readonly spaces: readonly string[] }).spaces : [],
    );
    const vectors: string[] = [];
    for (const namespace of spaces)
      vectors.push(...(await vectorIndex.list({ tenantId, namespace })).map(({ id }) => id));
    return {
      texts: entries.flatMap(({ value }) => ("text" in (value as object) ? [(value as { text: string }).text] : [])),
      vectors,
      forgettings: rows.filter(({ key }) => key.startsWith("forget/")).length,
      rows,
    };
  };
  return { clock, keyValue, vectorIndex, logger, pools, open, lying };
};

/** Of a call of an agent's task. */
export const origin = (call: string, more: Partial<MemoryOrigin> = {}): MemoryOrigin => ({
  id: sha256(call).slice(0, 32),
  ...{ taskId: "t1", path: `memory:${call}`, contextId: "c1", caller: "ann", writtenBy: "agent:clerk" },
  ...more,
});

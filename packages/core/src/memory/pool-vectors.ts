/** Vectors of a pool's memories: in the vector index, by namespaces that the head names, or where those cannot be sealed, with the memories themselves. */
import type { NearVector } from "../ports/vector-index.ts";
import { checkQuery } from "../storage/vector-input.ts";
import type { Vector } from "./embed-in-time.ts";
import { isGone, type KeptMemory } from "./kept-memory.ts";
import { type PoolIndex, packVector } from "./pool-index.ts";
import type { PoolRows } from "./pool-rows.ts";
import type { PoolServices } from "./pool-services.ts";

/** A memory that is to be kept. */
export interface Draft {
  readonly id: string;
  readonly memory: KeptMemory;
  readonly vector: Vector | null;
}

type VectorServices = Pick<PoolServices, "vectorIndex" | "sealsVectors" | "acrossNodes" | "digest">;

const BATCH = 500;

export class PoolVectors {
  private readonly services: VectorServices;
  private readonly tenantId: string;
  private readonly key: string;
  private readonly rows: PoolRows;

  constructor(services: VectorServices, tenantId: string, key: string, rows: PoolRows) {
    this.services = services;
    this.tenantId = tenantId;
    this.key = key;
    this.rows = rows;
  }

  /** As it is to lie in the store. */
  sealed({ memory, vector }: Draft): KeptMemory {
    return vector !== null && this.services.sealsVectors ? { ...memory, vector: packVector(vector) } : memory;
  }

  /** Namespaces that theirs will be in. */
  spacesOf(drafts: readonly Draft[]): readonly string[] {
    if (this.services.sealsVectors) return [];
    const spaces = drafts.flatMap(({ memory, vector }) =>
      vector === null || memory.embedder === undefined ? [] : [this.spaceOf(memory.embedder, vector)],
    );
    return [...new Set(spaces)];
  }

  /** Of memories that are written (L1). */
  async put(drafts: readonly Draft[]): Promise<void> {
    const { sealsVectors, vectorIndex, acrossNodes } = this.services;
    if (sealsVectors) return;
    const spaces = new Map<string, { readonly id: string; readonly vector: Vector }[]>();
    for (const { id, memory, vector } of drafts) {
      if (vector === null || memory.embedder === undefined) continue;
      const space = this.spaceOf(memory.embedder, vector);
      spaces.set(space, [...(spaces.get(space) ?? []), { id, vector }]);
    }
    for (const [namespace, entries] of spaces) {
      const scope = { tenantId: this.tenantId, namespace };
      await vectorIndex.upsert(scope, entries);
      if (!acrossNodes) continue;
      // Another node may have forgotten one between the two writes (L1).
      const gone = await this.withoutMemory(entries.map(({ id }) => id));
      if (gone.length > 0) await vectorIndex.delete(scope, gone);
    }
  }

  async nearest(embedder: string, vector: Vector, limit: number, index: PoolIndex): Promise<readonly NearVector[]> {
    if (this.services.sealsVectors)
      return index.vectors.get(`${embedder}/${vector.length}`)?.nearest(checkQuery({ vector, limit })) ?? [];
    const namespace = this.spaceOf(embedder, vector);
    return this.services.vectorIndex.nearest({ tenantId: this.tenantId, namespace }, { vector, limit });
  }

  async remove(spaces: readonly string[], ids: readonly string[]): Promise<void> {
    for (const namespace of spaces)
      for (let start = 0; start < ids.length; start += BATCH)
        await this.services.vectorIndex.delete({ tenantId: this.tenantId, namespace }, ids.slice(start, start + BATCH));
  }

  /** Those whose memories are gone go. */
  async sweep(namespace: string, isKnown: (id: string) => boolean): Promise<void> {
    const { vectorIndex, sealsVectors } = this.services;
    const scope = { tenantId: this.tenantId, namespace };
    // They were written before there was a key.
    if (sealsVectors) return void (await vectorIndex.clear(scope));
    for (let after: string | undefined; ; ) {
      const page = await vectorIndex.list(scope, { limit: BATCH, ...(after === undefined ? {} : { after }) });
      const orphans = await this.withoutMemory(page.flatMap(({ id }) => (isKnown(id) ? [] : [id])));
      if (orphans.length > 0) await vectorIndex.delete(scope, orphans);
      after = page.at(-1)?.id;
      if (page.length < BATCH) return;
    }
  }

  private async withoutMemory(ids: readonly string[]): Promise<readonly string[]> {
    const rows = await Promise.all(ids.map((id) => this.rows.entry(id)));
    return ids.filter((_, place) => rows[place] == null || isGone(rows[place].value));
  }

  private spaceOf(embedder: string, vector: Vector): string {
    // An embedder that gives vectors of another length is another one, whatever it is called.
    return `memory/${this.key}/${this.services.digest.sha256(embedder).slice(0, 16)}/${vector.length}`;
  }
}

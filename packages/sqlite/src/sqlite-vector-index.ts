import type {
  ListedVector,
  NearestQuery,
  NearVector,
  StoredVector,
  VectorEntry,
  VectorIndex,
  VectorListQuery,
  VectorScope,
} from "@agentcore/core/ports";
import {
  checkEntries,
  checkIds,
  checkList,
  checkQuery,
  checkScope,
  dimensionsDiffer,
  matchesFilter,
  NearestList,
  searchExactly,
} from "@agentcore/core/storage";
import { parseMetadata, readVectors, toVector } from "./read-vectors.ts";
import { VectorCache } from "./vector-cache.ts";
import type { VectorRow } from "./vectors.ts";
import type { WorkerClient } from "./worker-client.ts";

// Where there is a filter, more is read than asked for.
const FILTERED_PAGE = 1000;

/** Rows in the file, through its writer; searched in memory, exactly. */
export class SqliteVectorIndex implements VectorIndex {
  private readonly worker: WorkerClient;
  private readonly cache: VectorCache;

  constructor(worker: WorkerClient, maxBytes: number) {
    this.worker = worker;
    this.cache = new VectorCache(worker, maxBytes);
  }

  async upsert(given: VectorScope, entries: readonly VectorEntry[]): Promise<void> {
    const scope = checkScope(given);
    const checked = checkEntries(entries);
    if (checked === null) return;
    const { dimensions } = checked;
    const rows = checked.entries.map(toRow);
    const bytes = rows.reduce((sum, { metadata, vector }) => sum + metadata.length + vector.byteLength, 0);
    const stored = await this.worker.write("upsertVectors", { scope, dimensions, rows }, rows.length, bytes);
    if (stored !== dimensions) throw dimensionsDiffer(scope, stored, dimensions);
    this.cache.change(scope, (vectors) => {
      for (const entry of checked.entries) vectors.set(entry);
    });
  }

  async nearest(given: VectorScope, question: NearestQuery): Promise<readonly NearVector[]> {
    const scope = checkScope(given);
    const query = checkQuery(question);
    const opened = await this.cache.open(scope);
    if (opened === null) return [];
    const { dimensions } = "vectors" in opened ? opened.vectors : opened.tooLarge;
    if (dimensions !== query.vector.length) throw dimensionsDiffer(scope, dimensions, query.vector.length);
    if ("vectors" in opened) return opened.vectors.nearest(query);
    const nearest = new NearestList(query.limit);
    for await (const page of readVectors(this.worker, opened.tooLarge)) searchExactly(nearest, query, page);
    return nearest.sorted();
  }

  async get(given: VectorScope, ids: readonly string[]): Promise<readonly StoredVector[]> {
    const rows = await this.worker.read("vectors", { scope: checkScope(given), ids: checkIds(ids) });
    return rows.map(toVector);
  }

  async list(given: VectorScope, question: VectorListQuery = {}): Promise<readonly ListedVector[]> {
    const scope = checkScope(given);
    const { after, limit, filter } = checkList(question);
    const page = Object.keys(filter).length === 0 ? limit : FILTERED_PAGE;
    const found: ListedVector[] = [];
    for (let last = after ?? ""; ; ) {
      const labels = await this.worker.read("vectorLabels", { scope, after: last, limit: page });
      const parsed = labels.map(({ id, metadata }) => ({ id, metadata: parseMetadata(metadata) }));
      found.push(...parsed.filter(({ metadata }) => matchesFilter(metadata, filter)));
      const end = labels[page - 1];
      if (found.length >= limit || end === undefined) return found.slice(0, limit);
      last = end.id;
    }
  }

  async delete(given: VectorScope, ids: readonly string[]): Promise<number> {
    const scope = checkScope(given);
    const unwanted = checkIds(ids);
    const removed = await this.worker.write("deleteVectors", { scope, ids: unwanted }, unwanted.length);
    this.cache.change(scope, (vectors) => {
      for (const id of unwanted) vectors.delete(id);
    });
    return removed;
  }

  async count(given: VectorScope): Promise<number> {
    return this.worker.read("countVectors", checkScope(given));
  }

  async clear(given: VectorScope): Promise<number> {
    const scope = checkScope(given);
    const removed = await this.worker.write("clearVectors", scope);
    this.cache.forget(scope);
    return removed;
  }
}

const toRow = ({ id, metadata, vector }: StoredVector): VectorRow => ({
  id,
  metadata: JSON.stringify(metadata),
  vector: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
});

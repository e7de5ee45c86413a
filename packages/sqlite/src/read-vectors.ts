import type { StoredVector, VectorMetadata } from "@agentcore/core/ports";
import type { VectorRow, VectorSpace } from "./vectors.ts";
import type { WorkerClient } from "./worker-client.ts";

// A few milliseconds of the worker's time, after which commits have their turn.
const PAGE_BYTES = 1024 * 1024;
const MAX_PAGE_ROWS = 1000;

/** All vectors of a scope, a page at a time, in the order of ids. */
export async function* readVectors(worker: WorkerClient, space: VectorSpace): AsyncGenerator<readonly StoredVector[]> {
  const limit = Math.min(MAX_PAGE_ROWS, Math.ceil(PAGE_BYTES / (4 * space.dimensions)));
  for (let after = ""; ; ) {
    const rows = await worker.read("vectorPage", { space: space.id, after, limit });
    if (rows.length > 0) yield rows.map(toVector);
    const last = rows[limit - 1];
    if (last === undefined) return;
    after = last.id;
  }
}

export const toVector = ({ id, metadata, vector }: VectorRow): StoredVector => ({
  id,
  metadata: parseMetadata(metadata),
  vector: new Float32Array(vector.buffer, vector.byteOffset, vector.byteLength / Float32Array.BYTES_PER_ELEMENT),
});

/** What was checked when it was written. */
export const parseMetadata = (text: string): VectorMetadata => JSON.parse(text) as VectorMetadata;

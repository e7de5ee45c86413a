import type { StoredVector, VectorIndex, VectorScope } from "../ports/vector-index.ts";
import { matchesFilter } from "../storage/exact-search.ts";
import { ExactVectors } from "../storage/exact-vectors.ts";
import {
  checkEntries,
  checkIds,
  checkList,
  checkQuery,
  checkScope,
  compareIds,
  dimensionsDiffer,
} from "../storage/vector-input.ts";

/** VectorIndex in Maps. Nothing here survives the process, and nothing is dropped before it ends. */
export const createMemoryVectorIndex = (): VectorIndex => {
  const scopes = new Map<string, ExactVectors>();
  const keyOf = ({ tenantId, namespace }: VectorScope): string => JSON.stringify([tenantId, namespace]);
  const find = (scope: VectorScope): ExactVectors | undefined => scopes.get(keyOf(checkScope(scope)));

  return {
    async upsert(scope, given) {
      let vectors = find(scope);
      const checked = checkEntries(given);
      if (checked === null) return;
      if (vectors === undefined) scopes.set(keyOf(scope), (vectors = new ExactVectors(checked.dimensions)));
      if (vectors.dimensions !== checked.dimensions)
        throw dimensionsDiffer(scope, vectors.dimensions, checked.dimensions);
      for (const entry of checked.entries) vectors.set(entry);
    },
    async nearest(scope, given) {
      const vectors = find(scope);
      const query = checkQuery(given);
      if (vectors === undefined) return [];
      if (vectors.dimensions !== query.vector.length)
        throw dimensionsDiffer(scope, vectors.dimensions, query.vector.length);
      return vectors.nearest(query);
    },
    async get(scope, ids) {
      const vectors = find(scope);
      return checkIds(ids)
        .flatMap((id) => vectors?.get(id) ?? [])
        .map(copyOf);
    },
    async list(scope, given = {}) {
      const vectors = find(scope);
      const { after, limit, filter } = checkList(given);
      return [...(vectors?.values() ?? [])]
        .filter(({ id, metadata }) => (after === null || compareIds(id, after) > 0) && matchesFilter(metadata, filter))
        .sort((left, right) => compareIds(left.id, right.id))
        .slice(0, limit)
        .map(({ id, metadata }) => ({ id, metadata: { ...metadata } }));
    },
    async delete(scope, ids) {
      const vectors = find(scope);
      return checkIds(ids).filter((id) => vectors?.delete(id) ?? false).length;
    },
    count: async (scope) => find(scope)?.size ?? 0,
    async clear(scope) {
      const size = find(scope)?.size ?? 0;
      scopes.delete(keyOf(scope));
      return size;
    },
  };
};

const copyOf = ({ id, vector, metadata }: StoredVector): StoredVector => ({
  id,
  vector: vector.slice(),
  metadata: { ...metadata },
});

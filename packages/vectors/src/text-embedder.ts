import type { Embedder, WordVectors } from "@agentcore/core/ports";

/**
 * An embedder of texts: the mean of their words' vectors, each by how much it tells (Arora, Liang, Ma 2017). Good for an order among texts, never for a
 * threshold. A text of which it knows no word gets the vector of none of them: all its numbers are equal.
 */
export const createTextEmbedder = (vectors: WordVectors): Embedder => {
  const embedOne = (text: string): Float32Array => {
    const sum = new Float32Array(vectors.dimensions);
    let known = 0;
    for (const [word] of text.toLowerCase().matchAll(/\p{L}+(?:'\p{L}+)?|\p{N}+/gu)) {
      const vector = vectors.vectorOf(word);
      if (vector === undefined) continue;
      known += 1;
      const weight = vectors.weightOf(word);
      for (const [at, value] of vector.entries()) sum[at] = (sum[at] ?? 0) + weight * value;
    }
    // All 0 has no direction, which an index would refuse.
    return known === 0 ? sum.fill(1) : sum;
  };
  return {
    name: vectors.name,
    async embed(_tenantId, texts, { signal }) {
      signal.throwIfAborted();
      return texts.map(embedOne);
    },
  };
};

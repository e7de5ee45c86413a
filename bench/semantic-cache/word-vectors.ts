/** An embedder of word vectors: the weighted mean of a text's words, without the direction that all texts share (Arora et al. 2017). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Embedder } from "@agentcore/core/ports";

/** As in train-word-vectors.mjs, which has no types to share. */
const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?|\d+/g) ?? [];

// Weight of a word is RARE / (RARE + its share of the corpus).
const RARE = 1e-3;

export const readWordVectors = (file: string): Embedder => {
  const [head = "", ...rows] = readFileSync(file, "utf8").trimEnd().split("\n");
  const [, dimensions = 0, total = 1] = head.split(" ").map(Number);
  const vectors = new Map<string, { readonly weight: number; readonly vector: Float32Array }>();
  const mean = new Float64Array(dimensions);
  let weights = 0;
  for (const row of rows) {
    const [word = "", count = "", ...numbers] = row.split(" ");
    const weight = RARE / (RARE + Number(count) / total);
    const vector = unit(Float32Array.from(numbers, Number));
    vectors.set(word, { weight, vector });
    const share = weight * Number(count);
    weights += share;
    for (const [index, value] of vector.entries()) mean[index] = (mean[index] ?? 0) + share * value;
  }
  for (const index of mean.keys()) mean[index] = (mean[index] ?? 0) / weights;

  const embedOne = (text: string): Float32Array => {
    const sum = new Float32Array(dimensions);
    for (const word of wordsOf(text)) {
      const { weight, vector } = vectors.get(word) ?? { weight: 1, vector: directionOf(word, dimensions) };
      for (const [index, value] of vector.entries())
        sum[index] = (sum[index] ?? 0) + weight * (value - (mean[index] ?? 0));
    }
    return sum;
  };
  return { name: "word-vectors", embed: async (_tenantId, texts) => texts.map(embedOne) };
};

const unit = (vector: Float32Array): Float32Array => {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
};

/** A word nobody has seen is near itself and nothing else. */
const directionOf = (word: string, dimensions: number): Float32Array => {
  const bytes = Array.from({ length: Math.ceil(dimensions / 32) }, (_, part) =>
    createHash("sha256").update(`${part} ${word}`).digest(),
  ).flatMap((digest) => [...digest]);
  return unit(Float32Array.from(bytes.slice(0, dimensions), (byte) => byte - 127.5));
};

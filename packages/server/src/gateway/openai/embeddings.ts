/** `POST /v1/embeddings`. Source: OpenAI's API reference. */
import type { Embeddings } from "@agentcore/models";
import { z } from "zod";
import { ModelId, unsupported } from "./request-members.ts";

// The gateway's own.
const MAX_TEXTS = 2_048;

const EmbeddingText = z
  .string({ error: "expected text: tokens are not taken" })
  .min(1, { error: "expected some text" });

export const EmbeddingsBody = z.object({
  model: ModelId,
  input: z.preprocess(
    (value) => (typeof value === "string" ? [value] : value),
    z
      .array(EmbeddingText, { error: "expected a text or a list of texts" })
      .min(1, { error: "expected at least one text" })
      .max(MAX_TEXTS, { error: `expected at most ${MAX_TEXTS} texts` }),
  ),
  encoding_format: z.enum(["float", "base64"], { error: "expected float or base64" }).nullish(),
  dimensions: unsupported("a model has its own").optional(),
});
export type EmbeddingsBody = z.infer<typeof EmbeddingsBody>;

export const embeddingList = (
  { encoding_format: format }: EmbeddingsBody,
  { vectors, usage, model, costUsd }: Embeddings,
) => ({
  object: "list",
  data: vectors.map((vector, index) => ({
    object: "embedding",
    index,
    embedding: format === "base64" ? toBase64(vector) : vector,
  })),
  model,
  usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens },
  agentcore: costUsd === undefined ? {} : { costUsd },
});

/** 32-bit floats, little-endian. */
const toBase64 = (vector: readonly number[]): string => {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
};

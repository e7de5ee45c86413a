import type { Embedder } from "@agentcore/core/ports";

const TIMEOUT_MS = 60_000;

/** Any endpoint that speaks OpenAI's `/v1/embeddings`. `url` ends before `/embeddings`. */
export const endpointEmbedder = (url: string, model: string, key: string | undefined): Embedder => ({
  name: model,
  async embed(_tenantId, texts, { signal }) {
    const response = await fetch(`${url.replace(/\/$/, "")}/embeddings`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model, input: texts, encoding_format: "float" }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    const { data } = (await response.json()) as { data?: readonly { index: number; embedding: readonly number[] }[] };
    if (data?.length !== texts.length)
      throw new Error(`${url} gave ${data?.length ?? 0} vectors for ${texts.length} texts`);
    return data.toSorted((left, right) => left.index - right.index).map(({ embedding }) => embedding);
  },
});

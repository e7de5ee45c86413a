import { PlatformError } from "@agentcore/contract";
import type { Embedder, WordVectors } from "@agentcore/core/ports";

/** Null where they are not installed: what is looked for is found by words then. */
export const loadWordVectors = async (): Promise<WordVectors | null> =>
  (await loadVectors())?.openWordVectors() ?? null;

/** Of texts, by the mean of their words; null likewise. */
export const loadTextEmbedder = async (): Promise<Embedder | null> => {
  const vectors = await loadVectors();
  return vectors === null ? null : vectors.createTextEmbedder(await vectors.openWordVectors());
};

const loadVectors = async () => {
  try {
    return await import("@agentcore/vectors");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return null;
    throw PlatformError.from(cause);
  }
};

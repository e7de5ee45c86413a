import { PlatformError } from "@agentcore/contract";
import type { Check } from "./check.ts";

const TIMEOUT_MS = 20_000;
const TRIED = ["How old are you?", "What is your age?"];

/** `local/english`, tried out. Nothing where its package is not installed: it is an installation of its own. */
export const checkEmbedder = async (): Promise<readonly Check[]> => {
  const installed = await import("@agentcore/embeddings-english").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  });
  if (installed === null) return [];
  const check = "model local/english";
  const embedder = installed.createEnglishEmbedder();
  try {
    const startedAt = performance.now();
    await embedder.embed("default", TRIED, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return [
      { check, status: "ok", detail: `loads, and makes vectors, in ${Math.round(performance.now() - startedAt)} ms` },
    ];
  } catch (error) {
    const nextStep =
      "Install @agentcore/embeddings-english again, of agentcore's version; until then models named so fail";
    return [{ check, status: "warn", detail: PlatformError.from(error).message, nextStep }];
  } finally {
    await embedder.close();
  }
};

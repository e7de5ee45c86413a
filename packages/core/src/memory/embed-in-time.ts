/** Vectors of texts, or an error within so much time: an embedder that does not listen is not waited for either. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Embedder } from "../ports/index.ts";

export type Vector = Float32Array | readonly number[];

/** Rejects with UPSTREAM_FAILED when it is late, with what `signal` aborts with, and with what the embedder throws. */
export const embedInTime = async (
  clock: Pick<Clock, "after">,
  embedder: Embedder,
  {
    tenantId,
    texts,
    timeoutMs,
    signal,
  }: {
    readonly tenantId: string;
    readonly texts: readonly string[];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<readonly Vector[]> => {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const late = new PlatformError("UPSTREAM_FAILED", `${embedder.name} gave no vector within ${timeoutMs / 1_000} s`);
  const timer = clock.after(timeoutMs, () => controller.abort(late));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await new Promise((resolve, reject) => {
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
      if (controller.signal.aborted) reject(controller.signal.reason);
      else embedder.embed(tenantId, texts, { signal: controller.signal }).then(resolve, reject);
    });
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", abort);
  }
};

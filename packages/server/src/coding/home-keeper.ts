/**
 * Bounds what programs of coding agents leave in their homes on this node, by the retention of tenants. Once an interval on every node, and not on one at a time
 * as with tasks: homes lie in the data folder of one.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import type { Senses, Timer } from "@agentcore/core/ports";
import type { RetentionPolicy, TenantPolicy } from "@agentcore/core/tasks";
import type { Metrics } from "../metrics.ts";
import { loadCoding } from "./load-coding.ts";

export interface HomeKeeper {
  start(): void;
  /** Does not throw: what fails is told, and looked at again next time. */
  sweep(tenantId: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when what is under way has ended. */
  close(): Promise<void>;
}

export const createHomeKeeper = (options: {
  readonly stateFolder: string;
  readonly policies: ReadonlyMap<string, TenantPolicy>;
  readonly senses: Pick<Senses, "clock" | "logger">;
  readonly metrics: Pick<Metrics, "counter">;
  /** Milliseconds from one look to the next; the first is as long after the start. 0: only when somebody asks. */
  readonly intervalMs: number;
}): HomeKeeper => {
  const { stateFolder, policies, senses, metrics, intervalMs } = options;
  const { clock, logger } = senses;
  const closing = new AbortController();
  const totals = { files: 0, bytes: 0 };
  let timer: Timer | null = null;
  let running: Promise<void> = Promise.resolve();
  metrics.counter(
    "agentcore_coding_removed_home_files",
    "Files removed from homes of coding agents.",
    () => totals.files,
  );
  metrics.counter("agentcore_coding_removed_home_bytes", "Bytes of such files on the disk.", () => totals.bytes);

  const sweepTenants = async (tenantIds: readonly string[] | null, signal: AbortSignal): Promise<void> => {
    // The package is loaded where there is something to be looked at.
    if (!(await isThere(join(stateFolder, "homes")))) return;
    const { DEFAULT_HOME_POLICY, sweepHomes, tenantsWithHomes } = await loadCoding();
    for (const tenantId of tenantIds ?? (await tenantsWithHomes(stateFolder))) {
      if (signal.aborted) return;
      const policy = homePolicyOf(policies.get(tenantId)?.retention, DEFAULT_HOME_POLICY);
      const swept = await sweepHomes({ stateFolder, tenantId, policy, now: clock.now(), signal });
      const { removedFiles, removedBytes, failed, problem } = swept;
      totals.files += removedFiles;
      totals.bytes += removedBytes;
      if (removedFiles > 0) logger.log("info", "homes of coding agents", { tenantId, ...swept });
      if (failed > 0)
        logger.log("error", `homes of coding agents: ${failed} files or folders could not be looked at: ${problem}`, {
          tenantId,
        });
    }
  };
  const sweep = async (tenantIds: readonly string[] | null, signal: AbortSignal): Promise<void> => {
    try {
      await sweepTenants(tenantIds, signal);
    } catch (error) {
      logger.log("error", `homes of coding agents were not looked at: ${PlatformError.from(error).message}`);
    }
  };
  const start = (): void => {
    if (intervalMs === 0 || closing.signal.aborted) return;
    timer = clock.after(intervalMs, () => {
      running = sweep(null, closing.signal).then(start);
    });
  };
  return {
    start,
    sweep: (tenantId, signal) => sweep([tenantId], AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])),
    async close() {
      closing.abort();
      timer?.cancel();
      await running;
    },
  };
};

/** Sessions tell what tasks do: they stay no longer than those, unless it is said how long. */
export const homePolicyOf = (
  { removeAfterMs, removeHomeFilesAfterMs, maxHomeBytes }: RetentionPolicy = {},
  byDefault: { readonly unusedForMs: number; readonly maxBytes: number },
): { readonly unusedForMs: number; readonly maxBytes: number } => ({
  unusedForMs: removeHomeFilesAfterMs ?? Math.min(removeAfterMs ?? byDefault.unusedForMs, byDefault.unusedForMs),
  maxBytes: maxHomeBytes ?? byDefault.maxBytes,
});

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

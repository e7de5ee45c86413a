import { setTimeout as pause } from "node:timers/promises";
import { PlatformError } from "@agentcore/contract";
import { isRunning, type ProcessIdentity, processesWith } from "./process-identity.ts";

const POLL_MS = 25;
// What does not end by then hangs in the kernel.
const KILL_GRACE_MS = 5_000;

/**
 * Ends all processes that carry the marker: they are asked to end, and made to after `graceMs`. Resolves once none is left; those that they start meanwhile
 * are ended too. Throws INTERNAL where one cannot be ended.
 */
export const endProcesses = async (marker: string, graceMs: number): Promise<void> => {
  const startedAt = performance.now();
  const asked = new Set<number>();
  for (;;) {
    const left = processesWith(marker);
    if (left.length === 0) return;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > graceMs + KILL_GRACE_MS)
      throw new PlatformError(
        "INTERNAL",
        `processes ${left.map(({ pid }) => pid).join(", ")} of a coding agent do not end`,
      );
    for (const one of left) {
      if (elapsedMs >= graceMs) send(one, "SIGKILL");
      else if (!asked.has(one.pid)) send(one, "SIGTERM");
      asked.add(one.pid);
    }
    await pause(POLL_MS);
  }
};

/** Its number may have gone to another since it was found. */
const send = (one: ProcessIdentity, signal: NodeJS.Signals): void => {
  if (!isRunning(one)) return;
  try {
    process.kill(one.pid, signal);
  } catch {
    // It has ended.
  }
};

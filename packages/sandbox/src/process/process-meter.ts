/** What one process takes, where there is no cgroup to ask: from `/proc`. */
import { readFileSync } from "node:fs";

/** What the meter and a cgroup both tell. */
export interface Meter {
  cpuMs(): number;
  peakMemoryBytes(): number;
}

// USER_HZ: the same on every Linux, whatever its kernel counts in.
const TICK_MS = 10;

/** `parent`: bubblewrap's process inside, whose only child it is. Of a process that is gone, what was last seen. */
export const openProcessMeter = (parent: () => number | undefined): Meter => {
  let cpuMs = 0;
  let peakMemoryBytes = 0;
  const pid = (): string | undefined => {
    const outer = parent();
    return outer === undefined ? undefined : read(`/proc/${outer}/task/${outer}/children`)?.trim().split(" ")[0];
  };
  return {
    cpuMs() {
      // After the name, which may hold anything: state is the first, user and system time the 12th and 13th.
      const fields = read(`/proc/${pid()}/stat`)
        ?.replace(/^.*\) /s, "")
        .split(" ");
      const ticks = Number(fields?.[11]) + Number(fields?.[12]);
      if (ticks > 0) cpuMs = Math.max(cpuMs, ticks * TICK_MS);
      return cpuMs;
    },
    peakMemoryBytes() {
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid()}/status`) ?? "")?.[1];
      if (peak !== undefined) peakMemoryBytes = Math.max(peakMemoryBytes, Number(peak) * 1_024);
      return peakMemoryBytes;
    },
  };
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

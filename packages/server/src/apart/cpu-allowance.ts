/** How much of the processor a process may take that several runs share: each brings as much as it would have by itself. */
export interface CpuAllowance {
  /** A run begins: `underWay` with it, when the process has used `usedMs`. */
  begin(underWay: number, usedMs: number): void;
  isExceeded(usedMs: number): boolean;
}

/** It starts with one share, for what is done before a run, or beside them. What runs have left over does not add up for a later one. */
export const createCpuAllowance = (shareMs: number): CpuAllowance => {
  let upToMs = shareMs;
  return {
    begin(underWay, usedMs) {
      upToMs = Math.min(upToMs + shareMs, usedMs + underWay * shareMs);
    },
    isExceeded: (usedMs) => usedMs > upToMs,
  };
};

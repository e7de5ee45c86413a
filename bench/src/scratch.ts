import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Made by main.ts for one run and removed after it. On a real disk: /tmp may be memory, where a sync costs nothing. */
export const scratchRoot = (): string => {
  const root = process.env["BENCH_SCRATCH"];
  if (root === undefined) throw new Error("BENCH_SCRATCH is not set; start benchmarks with `npm run bench`");
  return root;
};

/** A fresh folder for `work`, removed afterwards. */
export const withFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  mkdirSync(scratchRoot(), { recursive: true });
  const folder = mkdtempSync(join(scratchRoot(), "run-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};

/** Preloaded into a server whose held memory is measured: collects when asked, and says what is left. */
import { setTimeout as wait } from "node:timers/promises";

const TURNS = 6;

const report = async (): Promise<void> => {
  // What one collection lets go of, the next turn's finalisers do: sockets and streams close over several.
  for (let turn = 0; turn < TURNS; turn++) {
    globalThis.gc?.();
    await wait(100);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ held: heapUsed + external, rss });
};

process.on("message", (message) => {
  if (message === "collect") void report();
});

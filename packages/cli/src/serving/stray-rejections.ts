/** Promises of agents' code that are rejected with nobody waiting for them: by itself Node would end the process, and with it everybody's tasks. */
import type { Output } from "../output.ts";

// Code that does it once may do it in each task.
const SAY_EVERY_MS = 10_000;

/** Says so instead, now and then; until what is returned is called. What awaits the promise hears of it all the same. */
export const tellStrayRejections = (output: Pick<Output, "say">): (() => void) => {
  let saidAt = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  const tell = (reason: unknown): void => {
    const now = performance.now();
    if (now - saidAt < SAY_EVERY_MS) {
      unsaid += 1;
      return;
    }
    saidAt = now;
    const others = unsaid === 0 ? "" : `, and ${unsaid} others since the last time`;
    const why = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    output.say(
      `a promise was rejected that nobody waits for${others}; await it, or catch what it throws: ${why}`,
      "yellow",
    );
    unsaid = 0;
  };
  process.on("unhandledRejection", tell);
  return () => process.off("unhandledRejection", tell);
};

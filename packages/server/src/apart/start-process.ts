import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { PlatformError } from "@agentcore/contract";
import { type Apart, type ApartEvents, type ApartLimits, EXEC_ARGV, heapOption, MAIN, MEBIBYTE } from "./apart.ts";
import { openLineLink } from "./line-link.ts";

const MAX_LINE_BYTES = 64 * MEBIBYTE;

export const startProcess = ({ heapBytes, environment }: ApartLimits, { hear, gone }: ApartEvents): Apart => {
  const child = spawn(process.execPath, [...EXEC_ARGV, heapOption(heapBytes), fileURLToPath(MAIN)], {
    env: { ...environment },
    // What the code prints goes where the node's own goes.
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"],
  });
  let isGone = false;
  const end = (why: string): void => {
    if (!isGone) gone(why);
    isGone = true;
  };
  child.once("error", (error) => end(error.message));
  // Without descriptors left it has none, whatever its type says.
  if ((child.stdio as unknown) === undefined) {
    isGone = true;
    throw new PlatformError("UNAVAILABLE", "no process can be started: the node has too many files open");
  }
  const [, , , ...channels] = child.stdio as unknown as [null, null, null, Duplex, Duplex];
  // Tasks keep the node running, not what may run them.
  child.unref();
  for (const stream of channels) (stream as unknown as { unref(): void }).unref();
  const kill = (): void => void child.kill("SIGKILL");
  child.once("exit", (code, signal) =>
    end(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
  );
  return { ...openLineLink(channels, { hear, kill }, { maxLineBytes: MAX_LINE_BYTES }), kill };
};

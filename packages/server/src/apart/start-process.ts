import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PlatformError } from "@agentcore/contract";
import { type Apart, type ApartEvents, type ApartLimits, EXEC_ARGV, MAIN, MEBIBYTE } from "./apart.ts";
import { hearGuarded } from "./hear-guarded.ts";
import { readLines } from "./read-lines.ts";

// Of one message. Its code may write there too, and end no line.
const MAX_LINE_BYTES = 64 * MEBIBYTE;

export const startProcess = ({ heapBytes, environment }: ApartLimits, { hear, gone }: ApartEvents): Apart => {
  const heap = `--max-old-space-size=${Math.ceil(heapBytes / MEBIBYTE)}`;
  const child = spawn(process.execPath, [...EXEC_ARGV, heap, fileURLToPath(MAIN)], {
    env: { ...environment },
    // What the code prints goes where the node's own goes.
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe", "pipe"],
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
  const [, , , told, answers, said] = child.stdio as unknown as [null, null, null, Writable, Writable, Readable];
  // Who writes to what is gone learns it by `gone`.
  for (const stream of [told, answers, said]) stream.on("error", () => {});
  // Tasks keep the node running, not what may run them.
  child.unref();
  for (const stream of [told, answers, said]) (stream as unknown as { unref(): void }).unref();
  const kill = (): void => void child.kill("SIGKILL");
  readLines(said, hearGuarded(hear, kill), { maxBytes: MAX_LINE_BYTES, onTooLong: kill });
  child.once("exit", (code, signal) =>
    end(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
  );
  return {
    send: (message) => void told.write(`${JSON.stringify(message)}\n`),
    answer: (settled) => void answers.write(`${JSON.stringify(settled)}\n`),
    kill,
  };
};

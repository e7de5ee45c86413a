import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Apart, type ApartEvents, type ApartLimits, EXEC_ARGV, MAIN, MEBIBYTE } from "./apart.ts";
import type { FromApart } from "./messages.ts";
import { readLines } from "./read-lines.ts";

export const startProcess = ({ heapBytes, environment }: ApartLimits, { hear, gone }: ApartEvents): Apart => {
  const heap = `--max-old-space-size=${Math.ceil(heapBytes / MEBIBYTE)}`;
  const child = spawn(process.execPath, [...EXEC_ARGV, heap, fileURLToPath(MAIN)], {
    env: { ...environment },
    // What the code prints goes where the node's own goes.
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe", "pipe"],
  });
  const [, , , told, answers, said] = child.stdio as unknown as [null, null, null, Writable, Writable, Readable];
  // Who writes to what is gone learns it by `gone`.
  for (const stream of [told, answers]) stream.on("error", () => {});
  // Tasks keep the node running, not what may run them.
  child.unref();
  for (const stream of [told, answers, said]) (stream as unknown as { unref(): void }).unref();
  readLines(said, (line) => hear(JSON.parse(line) as FromApart));
  let isGone = false;
  const end = (why: string): void => {
    if (!isGone) gone(why);
    isGone = true;
  };
  child.once("error", (error) => end(error.message));
  child.once("exit", (code, signal) =>
    end(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
  );
  return {
    send: (message) => void told.write(`${JSON.stringify(message)}\n`),
    answer: (settled) => void answers.write(`${JSON.stringify(settled)}\n`),
    kill: () => void child.kill("SIGKILL"),
  };
};

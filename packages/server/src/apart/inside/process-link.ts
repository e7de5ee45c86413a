import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { Settled, ToApart } from "../messages.ts";
import { readLines } from "../read-lines.ts";
import type { Link } from "./link.ts";

// Descriptors that the node has made: by one this process is told, by the other it says and asks, and waits for the answer.
const HEARD = 3;
const SAID = 4;
const PIECE_BYTES = 65_536;
// Beside the code, which may never come to rest: nobody else would end a process whose node was killed.
const WATCH = `const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);`;

/** Within a process of the node's own. It ends with the node. */
export const openProcessLink = (): Link => {
  // Below the first process of its namespace, in a sandbox or a container, it ends with that.
  if (process.ppid !== 1)
    new Worker(WATCH, {
      eval: true,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    }).unref();
  const channel = new Socket({ fd: HEARD });
  channel.on("close", () => process.exit(0));
  const write = (message: unknown): void => {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(SAID, bytes, at);
  };
  const piece = Buffer.alloc(PIECE_BYTES);
  return {
    send: write,
    ask(message) {
      write(message);
      const pieces: Buffer[] = [];
      // One question at a time is open, so what comes is its answer, up to the end of the line.
      for (let isWhole = false; !isWhole; ) {
        const length = readSync(SAID, piece, 0, PIECE_BYTES, null);
        if (length === 0) process.exit(0);
        isWhole = piece[length - 1] === 10;
        pieces.push(Buffer.from(piece.subarray(0, length)));
      }
      return JSON.parse(Buffer.concat(pieces).toString("utf8")) as Settled;
    },
    listen: (hear) => readLines(channel, (line) => hear(JSON.parse(line) as ToApart)),
  };
};

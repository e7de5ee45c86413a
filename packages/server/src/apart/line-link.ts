/** The node's end of the two channels that a process has for code: by one it is told, by the other it asks, says, and is answered. */
import type { Duplex } from "node:stream";
import type { Apart, ApartEvents } from "./apart.ts";
import { hearGuarded } from "./hear-guarded.ts";
import { readLines } from "./read-lines.ts";

export interface LineLimits {
  /** Of one message. Code may write there too, and end no line. */
  readonly maxLineBytes: number;
  /** What it is told and has not read yet. @default no limit */
  readonly maxUnreadBytes?: number;
  /** The share of this thread's time that hearing it may take, up to 1. @default no limit */
  readonly maxShare?: number;
}

// What it takes in a period beyond its share is made up for by a rest.
const PERIOD_MS = 20;

export const openLineLink = (
  [told, asked]: readonly [Duplex, Duplex],
  { hear, kill }: { readonly hear: ApartEvents["hear"]; readonly kill: () => void },
  { maxLineBytes, maxUnreadBytes = Number.POSITIVE_INFINITY, maxShare = 1 }: LineLimits,
): Pick<Apart, "send" | "answer"> => {
  // Who writes to what is gone learns it by `gone`.
  for (const stream of [told, asked]) stream.on("error", () => {});
  const hearLine = hearGuarded(hear, kill);
  readLines(asked, maxShare < 1 ? withinShare(asked, maxShare, hearLine) : hearLine, {
    maxBytes: maxLineBytes,
    onTooLong: kill,
  });
  const write = (stream: Duplex, message: unknown): void => {
    // Who is told more than it reads would fill this process's memory.
    if (stream.writableLength > maxUnreadBytes) kill();
    else stream.write(`${JSON.stringify(message)}\n`);
  };
  return { send: (message) => write(told, message), answer: (settled) => write(asked, settled) };
};

/** Messages are cheap to send and dear to hear: who sends them without end is read with rests between. */
const withinShare = (source: Duplex, maxShare: number, hear: (line: string) => void): ((line: string) => void) => {
  let periodFrom = performance.now();
  let spentMs = 0;
  return (line) => {
    const from = performance.now();
    if (from - periodFrom > PERIOD_MS) {
      periodFrom = from;
      spentMs = 0;
    }
    hear(line);
    spentMs += performance.now() - from;
    if (spentMs <= PERIOD_MS * maxShare || source.isPaused()) return;
    source.pause();
    setTimeout(() => source.resume(), spentMs / maxShare).unref();
  };
};

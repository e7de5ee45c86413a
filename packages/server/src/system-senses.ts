/** The senses of a real node: system clock, UUID v7, SHA-256, JSON lines on stderr. */
import { hash, randomBytes } from "node:crypto";
import type { Clock, Ids, Logger, LogLevel, Senses } from "@agentcore/core/ports";

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    // Longer delays overflow Node's timers and would fire at once; whoever waits that long is woken by the store.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

/** UUID v7 (RFC 9562): 48 bits of milliseconds, then a counter that starts random each millisecond, then random bits. */
export const createIds = (): Ids => {
  let pool = randomBytes(4096);
  let offset = 0;
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      if (offset + 10 > pool.length) {
        pool = randomBytes(4096);
        offset = 0;
      }
      const now = Date.now();
      if (now > lastMs) {
        lastMs = now;
        counter = pool.readUInt16BE(offset) & 0x7ff;
      } else {
        counter += 1;
        if (counter > 0xfff) {
          lastMs += 1;
          counter = 0;
        }
      }
      const time = lastMs.toString(16).padStart(12, "0");
      const tail = pool.toString("hex", offset + 2, offset + 10);
      offset += 10;
      const variant = ((Number.parseInt(tail[0] ?? "0", 16) & 0x3) | 0x8).toString(16);
      return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${variant}${tail.slice(1, 4)}-${tail.slice(4)}`;
    },
  };
};

const LEVELS: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export const createJsonLogger = (
  minimum: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger => ({
  log(level, message, fields) {
    if (LEVELS[level] < LEVELS[minimum]) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  },
});

export const createSystemSenses = (logger: Logger): Senses => ({
  clock: systemClock,
  ids: createIds(),
  digest: { sha256: (text) => hash("sha256", text) },
  logger,
});

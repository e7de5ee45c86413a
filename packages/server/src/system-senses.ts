/** The senses of a real node: system clock, UUID v7, SHA-256, JSON lines on stderr. */
import { createHash, createHmac, type Hash, hash, randomBytes, randomFillSync } from "node:crypto";
import type { Clock, GrowingDigest, Ids, Logger, LogLevel, Senses } from "@agentcore/core/ports";

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

// Bytes of one id: 2 for where the counter begins, 8 for its end.
const RANDOM_BYTES = 10;

/** UUID v7 (RFC 9562): 48 bits of milliseconds, then a counter that starts random each millisecond, then random bits. */
export const createIds = (): Ids => {
  const pool = randomBytes(RANDOM_BYTES * 400);
  const id = Buffer.alloc(16);
  let offset = 0;
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      if (offset === pool.length) {
        randomFillSync(pool);
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
      id.writeUIntBE(lastMs, 0, 6);
      id.writeUInt16BE(0x7000 | counter, 6);
      pool.copy(id, 8, offset + 2, offset + RANDOM_BYTES);
      id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8);
      offset += RANDOM_BYTES;
      const hex = id.toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    secret: () => randomBytes(32).toString("hex"),
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

const growing = (digested: Hash): GrowingDigest => ({
  add: (text) => growing(digested.copy().update(text)),
  hex: () => digested.copy().digest("hex"),
});

export const createSystemSenses = (logger: Logger): Senses => ({
  clock: systemClock,
  ids: createIds(),
  digest: {
    sha256: (text) => hash("sha256", text),
    begin: () => growing(createHash("sha256")),
    hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
  },
  logger,
});

/** The senses: what core may know of time, chance and the outside. Each is small enough to fake in a minute. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since 1970. For records, never for deciding who holds a lease. */
  now(): number;
  /** Monotonic milliseconds; only differences mean something. */
  monotonic(): number;
  /** Calls back once, `delayMs` from now; a fired or cancelled timer keeps nothing alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after everything that is runnable now has run (a macrotask turn). */
  turn(): Promise<void>;
}

export interface Ids {
  /** A unique id that sorts by creation time (UUID v7 or alike). */
  next(): string;
  /** 64 hexadecimal digits that nobody can guess: 256 random bits. */
  secret(): string;
}

export interface Digest {
  /** Hex SHA-256 of UTF-8 text. */
  sha256(text: string): string;
  /** Of no text yet. */
  begin(): GrowingDigest;
  /** Hex HMAC-SHA256 (RFC 2104) of UTF-8 text under a key of UTF-8 text. */
  hmacSha256(key: string, text: string): string;
}

/** SHA-256 of UTF-8 text that grows: a piece more gives another digest, and this one stays what it is. */
export interface GrowingDigest {
  /** Costs as much as the piece is long. Of a character that two pieces share, neither may have a half. */
  add(text: string): GrowingDigest;
  /** 64 hexadecimal digits: as `sha256` has it of all pieces together. */
  hex(): string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Logger {
  /** `fields` always hold the tenant when there is one (I7); never credentials. */
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** The senses together, as most parts of core want them. */
export interface Senses {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly logger: Logger;
}

import { PlatformError } from "@agentcore/contract";
import { DISK_FULL } from "./worker-failure.ts";

// As often as a probe of readiness asks, about.
const PROBE_MS = 5_000;

/** STORE_UNAVAILABLE, as the disk has no room for what was to be written. */
export const diskFull = (cause?: unknown): PlatformError =>
  new PlatformError("STORE_UNAVAILABLE", DISK_FULL, { details: { reason: REASON }, cause });
const REASON = "disk full";

/** What the file system says of no room, in words that say what to do; anything else as it is. */
export const asDiskFull = (error: unknown): unknown =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")
    ? diskFull(error)
    : error;

/**
 * Whether the disk has room, by what writes came to. A store that is full may be given no more work, so it is up to this to see when there is room again:
 * whoever asks has it tried.
 */
export class DiskRoom {
  private readonly probe: () => Promise<unknown>;
  private readonly now: () => number;
  private full: PlatformError | null = null;
  private probedAt = Number.NEGATIVE_INFINITY;
  private probing: Promise<void> | null = null;

  /** `probe` writes as much as there should be room for, and rejects as writes do. */
  constructor(probe: () => Promise<unknown>, now: () => number) {
    this.probe = probe;
    this.now = now;
  }

  /** Of a write that failed. */
  note(error: unknown): void {
    if (PlatformError.is(error) && error.details?.["reason"] === REASON) this.full = error;
  }

  /** Why nothing can be written, or null. While there is no room a write is tried, one at a time and every five seconds at most. */
  get trouble(): PlatformError | null {
    // Also when the clock was set back.
    if (this.full !== null && Math.abs(this.now() - this.probedAt) >= PROBE_MS) this.probing ??= this.look();
    return this.full;
  }

  /** Resolves when no write is being tried. */
  async settled(): Promise<void> {
    await this.probing;
  }

  private async look(): Promise<void> {
    this.probedAt = this.now();
    try {
      await this.probe();
      this.full = null;
    } catch (error) {
      this.note(error);
    }
    this.probing = null;
  }
}

/** How long answers take and how many calls fail: means in which each new value counts a fifth, and which are forgotten when nothing comes. */

// The last ten calls make nine tenths of it.
const WEIGHT = 0.2;
/** A target that was slow once would never be asked again, and nobody hear that it no longer is. */
const FORGOTTEN_AFTER_MS = 300_000;

const mean = (before: number | undefined, value: number): number =>
  before === undefined ? value : before + WEIGHT * (value - before);

interface Answered {
  readonly firstTokenMs?: number | undefined;
  readonly durationMs: number;
  readonly outputTokens: number;
}

/** Times are monotonic milliseconds. */
export class TargetSpeed {
  #durationMs: number | undefined;
  #firstTokenMs: number | undefined;
  #tokensPerSecond: number | undefined;
  #failureRate = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;

  answered({ firstTokenMs, durationMs, outputTokens }: Answered, now: number): void {
    if (this.#isForgotten(this.#measuredAt, now)) {
      this.#durationMs = undefined;
      this.#firstTokenMs = undefined;
      this.#tokensPerSecond = undefined;
    }
    this.#durationMs = mean(this.#durationMs, durationMs);
    const streamedMs = durationMs - (firstTokenMs ?? durationMs);
    if (firstTokenMs !== undefined) this.#firstTokenMs = mean(this.#firstTokenMs, firstTokenMs);
    // A single token came with the first.
    if (streamedMs > 0 && outputTokens > 1)
      this.#tokensPerSecond = mean(this.#tokensPerSecond, ((outputTokens - 1) * 1_000) / streamedMs);
    this.#measuredAt = now;
    this.#ended(0, now);
  }

  failed(now: number): void {
    this.#ended(1, now);
  }

  failureRate(now: number): number {
    return this.#isForgotten(this.#endedAt, now) ? 0 : this.#failureRate;
  }

  /** Up to the first token and at the speed of those after it, where that is known, else as long as answers take. */
  expectedMs(outputTokens: number, now: number): number | undefined {
    if (this.#isForgotten(this.#measuredAt, now)) return undefined;
    if (this.#firstTokenMs === undefined || this.#tokensPerSecond === undefined) return this.#durationMs;
    return this.#firstTokenMs + (Math.max(0, outputTokens - 1) * 1_000) / this.#tokensPerSecond;
  }

  #ended(failure: 0 | 1, now: number): void {
    this.#failureRate = mean(this.failureRate(now), failure);
    this.#endedAt = now;
  }

  #isForgotten(at: number, now: number): boolean {
    return now - at > FORGOTTEN_AFTER_MS;
  }
}

/**
 * What a model has chosen for needs of one tenant. Whoever asks the same at once shares a call, and for a while its answer: so a need goes where it was
 * just shown to go. It ends when nobody waits for it any more.
 */
import { PlatformError } from "@agentcore/contract";
import { BoundedMap } from "../bus/bounded-map.ts";
import type { Clock, Digest } from "../ports/index.ts";
import type { Decider, DeciderQuestion, Verdict } from "./decider.ts";
import { untilAborted, withPatience } from "./patience.ts";

export interface NeedDecisionsOptions {
  readonly clock: Clock;
  readonly digest: Digest;
}

export interface DecidePatience {
  /** What the model is given. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970, of whoever asks. @default none */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Kept {
  readonly verdict: Verdict;
  /** Monotonic milliseconds. */
  readonly at: number;
}

interface UnderWay {
  readonly verdict: Promise<Verdict>;
  readonly stop: AbortController;
  waiting: number;
}

const MAX_KEPT = 1_000;
// What was shown is to be done as it was shown, also after somebody has thought about it. Models change their mind; whoever changes an agent is heard at once.
const KEPT_MS = 600_000;
const MAX_UNDER_WAY = 100;
// As with vectors: each need would wait in vain for as long.
const PAUSE_MS = 30_000;

export class NeedDecisions {
  readonly #options: NeedDecisionsOptions;
  readonly #kept = new BoundedMap<string, Kept>(MAX_KEPT);
  readonly #underWay = new Map<string, UnderWay>();
  /** By model: when it last took too long. */
  readonly #lateAt = new BoundedMap<string, number>(MAX_UNDER_WAY);

  constructor(options: NeedDecisionsOptions) {
    this.#options = options;
  }

  /**
   * Throws what the decider throws, DEADLINE_EXCEEDED when it takes too long, UNAVAILABLE for 30 s after that, OVERLOADED while 100 needs are decided.
   * `revisions`: of the agents that are shown, in their order.
   */
  async decide(
    decider: Decider,
    question: DeciderQuestion,
    revisions: readonly string[],
    { timeoutMs, deadline, signal }: DecidePatience,
  ): Promise<Verdict> {
    const { clock, digest } = this.#options;
    const key = digest.sha256(JSON.stringify([decider.name, question.need, question.agents, revisions]));
    const kept = this.#kept.get(key);
    if (kept !== undefined && clock.monotonic() - kept.at < KEPT_MS) return kept.verdict;
    const pauseMs = (this.#lateAt.get(decider.name) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS - clock.monotonic();
    if (pauseMs > 0)
      throw new PlatformError("UNAVAILABLE", "it gave no answer in time a moment ago", { retryAfterMs: pauseMs });
    const leftMs = deadline === undefined ? timeoutMs : Math.min(timeoutMs, deadline - clock.now());
    if (leftMs <= 0) throw new PlatformError("DEADLINE_EXCEEDED", "the deadline of the call has passed");
    const underWay = this.#underWay.get(key) ?? this.#begin(key, decider, question);
    underWay.waiting += 1;
    try {
      return await withPatience({ clock, timeoutMs: leftMs, what: "answer", signal }, (patience) =>
        untilAborted(underWay.verdict, patience),
      );
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (error.code === "DEADLINE_EXCEEDED" && leftMs === timeoutMs) this.#lateAt.set(decider.name, clock.monotonic());
      throw error;
    } finally {
      underWay.waiting -= 1;
      if (underWay.waiting === 0) underWay.stop.abort(new PlatformError("CANCELED", "nobody waits for it any more"));
    }
  }

  close(): void {
    for (const { stop } of this.#underWay.values()) stop.abort(new PlatformError("CANCELED", "the node is closing"));
  }

  #begin(key: string, decider: Decider, question: DeciderQuestion): UnderWay {
    if (this.#underWay.size >= MAX_UNDER_WAY)
      throw new PlatformError("OVERLOADED", `${MAX_UNDER_WAY} needs are being decided already`);
    const stop = new AbortController();
    const verdict = decider.decide(question, { signal: stop.signal }).then((given) => {
      this.#kept.set(key, { verdict: given, at: this.#options.clock.monotonic() });
      return given;
    });
    const underWay: UnderWay = { verdict, stop, waiting: 0 };
    this.#underWay.set(key, underWay);
    // One that nobody waits for any more may take a moment to end: whoever asks meanwhile begins anew.
    const forget = () => {
      if (this.#underWay.get(key) === underWay) this.#underWay.delete(key);
    };
    stop.signal.addEventListener("abort", forget, { once: true });
    void verdict.then(forget, forget);
    return underWay;
  }
}

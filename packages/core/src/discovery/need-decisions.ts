/**
 * What a model has chosen for needs of one tenant, kept for a while for whoever asks the same: so a need goes where it was just shown to go. Those who
 * ask at once share a call where the same budgets stand on it: it ends when nobody waits for it any more.
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
  /** By model and who asks: when it last took too long. */
  readonly #lateAt = new BoundedMap<string, number>(MAX_KEPT);

  constructor(options: NeedDecisionsOptions) {
    this.#options = options;
  }

  /** A call of the model goes on. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /**
   * Throws what the decider throws, DEADLINE_EXCEEDED when it takes too long, UNAVAILABLE to the same asker for 30 s after that, OVERLOADED while 100
   * needs are decided.
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
    const { caller, agent, taskId } = question.asker;
    // A call may wait for a budget, and fail for it: that is of whoever pays, and shows others nothing of the model.
    const lateKey = JSON.stringify([decider.name, caller, agent]);
    const callKey = JSON.stringify([key, caller, agent, taskId]);
    const pauseMs = (this.#lateAt.get(lateKey) ?? Number.NEGATIVE_INFINITY) + PAUSE_MS - clock.monotonic();
    if (pauseMs > 0)
      throw new PlatformError("UNAVAILABLE", "it gave no answer in time a moment ago", {
        retryAfterMs: Math.ceil(pauseMs),
      });
    const leftMs = deadline === undefined ? timeoutMs : Math.min(timeoutMs, deadline - clock.now());
    if (leftMs <= 0) throw new PlatformError("DEADLINE_EXCEEDED", "the deadline of the call has passed");
    const underWay = this.#underWay.get(callKey) ?? this.#begin(callKey, key, decider, question);
    underWay.waiting += 1;
    try {
      return await withPatience({ clock, timeoutMs: leftMs, what: "answer", signal }, (patience) =>
        untilAborted(underWay.verdict, patience),
      );
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (error.code === "DEADLINE_EXCEEDED" && leftMs === timeoutMs) this.#lateAt.set(lateKey, clock.monotonic());
      throw error;
    } finally {
      underWay.waiting -= 1;
      if (underWay.waiting === 0) underWay.stop.abort(new PlatformError("CANCELED", "nobody waits for it any more"));
    }
  }

  close(): void {
    for (const { stop } of this.#underWay.values()) stop.abort(new PlatformError("CANCELED", "the node is closing"));
  }

  #begin(callKey: string, key: string, decider: Decider, question: DeciderQuestion): UnderWay {
    if (this.#underWay.size >= MAX_UNDER_WAY)
      throw new PlatformError("OVERLOADED", `${MAX_UNDER_WAY} needs are being decided already`);
    const stop = new AbortController();
    const verdict = decider.decide(question, { signal: stop.signal }).then((given) => {
      this.#kept.set(key, { verdict: given, at: this.#options.clock.monotonic() });
      return given;
    });
    const underWay: UnderWay = { verdict, stop, waiting: 0 };
    this.#underWay.set(callKey, underWay);
    // One that nobody waits for any more may take a moment to end: whoever asks meanwhile begins anew.
    const forget = () => {
      if (this.#underWay.get(callKey) === underWay) this.#underWay.delete(callKey);
    };
    stop.signal.addEventListener("abort", forget, { once: true });
    void verdict.then(forget, forget);
    return underWay;
  }
}

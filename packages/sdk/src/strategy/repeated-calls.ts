import type { Context, ModelMessage, ModelToolCall } from "@agentcore/contract/authoring";
import { TerminalError } from "@agentcore/contract/errors";

// Then it is the third time. A second is often meant: something was waited for, or was done in between.
const STALE_TURNS = 2;
// Of different calls, the newest: who goes round does so among few.
const MAX_CALLS = 100;

/**
 * Of one run: whether a model calls the same tools with the same input again and again, and is told the same. It goes by what is in the log, so a
 * replay comes to the same.
 */
export class RepeatedCalls {
  private readonly ctx: Pick<Context, "decide">;
  /** What a call was last told, by tool and input. */
  private readonly results = new Map<string, string>();
  private staleTurns = 0;
  private isTold = false;

  constructor(ctx: Pick<Context, "decide">) {
    this.ctx = ctx;
  }

  /**
   * A turn's calls have got their results, in their order. When in two turns in a row every call had been made before, and was told the same as the last time,
   * the model is to be told so, once; the second time it is to be stopped. Both are decisions.
   */
  judge(calls: readonly ModelToolCall[], results: readonly ModelMessage[]): "go-on" | "tell" | "stop" {
    this.staleTurns = this.isStale(calls, results) ? this.staleTurns + 1 : 0;
    if (this.staleTurns < STALE_TURNS) return "go-on";
    this.staleTurns = 0;
    const failure = this.ctx.decide(
      "failure-mode",
      () => ({
        choice: "step-repetition",
        reasons: [
          `the model called ${namesOf(calls)} in ${STALE_TURNS} turns in a row as before, and got what it had got before`,
          this.isTold ? "it had been told so, and is stopped" : "it is told so",
        ],
      }),
      // Of a run that began before this was looked at.
      { implied: "none" },
    );
    if (failure === "none") return "go-on";
    if (this.isTold) return "stop";
    this.isTold = true;
    return "tell";
  }

  /** Why it is stopped. */
  failure(calls: readonly ModelToolCall[]): TerminalError {
    return new TerminalError(
      `the model goes on calling ${namesOf(calls)} with the same input and the same result, although it was told so; tighten the instructions, or let the tool say what is to be done`,
      { code: "LOOP_DETECTED", details: { failureMode: "step-repetition" } },
    );
  }

  private isStale(calls: readonly ModelToolCall[], results: readonly ModelMessage[]): boolean {
    let isStale = true;
    for (const [place, { name, input }] of calls.entries()) {
      const key = `${name} ${inOrder(input)}`;
      const result = results[place]?.content ?? "";
      if (this.results.get(key) !== result) isStale = false;
      // As the newest.
      this.results.delete(key);
      this.results.set(key, result);
      const [oldest] = this.results.keys();
      if (this.results.size > MAX_CALLS && oldest !== undefined) this.results.delete(oldest);
    }
    return isStale;
  }
}

const namesOf = (calls: readonly ModelToolCall[]): string => [...new Set(calls.map(({ name }) => name))].join(", ");

/** As JSON, the members of objects by name: models do not keep to an order. */
const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  ) ?? "";

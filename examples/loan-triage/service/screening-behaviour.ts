import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const Mode = z.enum(["ok", "fail", "hang", "slow"]);

/** `fail` answers 503, `hang` never answers, `slow` answers after `delayMs`. With a `count`, that many questions are treated
 *  so and those after them as `next` says; without one it stays until told otherwise. */
export const Control = z.object({
  mode: Mode,
  count: z.int().positive().optional(),
  next: Mode.default("ok"),
  delayMs: z.int().min(0).max(60_000).default(1_000),
});
export type Control = z.infer<typeof Control>;

/** How the service has been told to behave. */
export class ScreeningBehaviour {
  #control: Control = { mode: "ok", next: "ok", delayMs: 0 };
  #left = Number.POSITIVE_INFINITY;

  get mode(): Control["mode"] {
    return this.#left > 0 ? this.#control.mode : this.#control.next;
  }

  set(control: Control): void {
    this.#control = control;
    this.#left = control.count ?? Number.POSITIVE_INFINITY;
  }

  /** What to do with the next question. Resolves when it may be answered; stays pending for ever on `hang` until `signal`. */
  async next(signal: AbortSignal): Promise<"answer" | "fail"> {
    const mode = this.mode;
    this.#left -= 1;
    if (mode === "fail") return "fail";
    if (mode === "slow") await sleep(this.#control.delayMs, undefined, { signal });
    if (mode === "hang")
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    return "answer";
  }
}

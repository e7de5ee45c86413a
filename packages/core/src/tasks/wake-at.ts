import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";

// A wait that long is late by no more when the wall clock is set forward. Shorter ones are timed to the millisecond.
const LOOK_AT_CLOCK_MS = 10_000;

/** Wakes a call at a time, in memory or, when the task is evicted meanwhile, by the store. */
export const wakeAt = (execution: Execution, call: OpenCall, dueAt: number, onDue: () => void): void => {
  const { clock } = execution.services.senses;
  const until = clock.monotonic() + dueAt - clock.now();
  // By either clock: set back, the wall clock would hold up a wait of milliseconds for hours; the other one may have
  // stood still while the machine slept. Looked at now and then, because nothing tells when a clock is set.
  const look = (): void => {
    const left = Math.max(0, Math.min(until - clock.monotonic(), dueAt - clock.now()));
    call.timer = clock.after(Math.min(left, LOOK_AT_CLOCK_MS), () => {
      call.timer = null;
      if (!execution.isOpen(call) || execution.isLeaving) return;
      if (clock.now() >= dueAt || clock.monotonic() >= until) onDue();
      else look();
    });
  };
  call.dueAt = dueAt;
  look();
};

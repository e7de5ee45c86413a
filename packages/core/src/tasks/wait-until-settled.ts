import type { TaskHead, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { LogListener } from "./log-hub.ts";
import { FOLLOW_POLL_MS } from "./task-logs.ts";
import { createWake } from "./wake.ts";

/** Until the task is neither waiting to run nor running, or `signal` ends the wait; resolves with its head then. */
export const waitUntilSettled = async (
  { hub, senses }: Pick<TaskEngine, "hub" | "senses">,
  key: TaskKey,
  findHead: () => Promise<TaskHead>,
  signal: AbortSignal | undefined,
): Promise<TaskHead> => {
  const wake = createWake();
  const listener: LogListener = {
    hear: (hint) => {
      if (hint === null || (hint.state !== "submitted" && hint.state !== "working")) wake.ring();
    },
  };
  hub.listen(key, listener);
  const onAbort = (): void => wake.ring();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const head = await findHead();
      if ((head.state !== "submitted" && head.state !== "working") || signal?.aborted === true) return head;
      const timer = senses.clock.after(FOLLOW_POLL_MS, () => wake.ring());
      await wake.rung();
      timer.cancel();
    }
  } finally {
    hub.unlisten(key, listener);
    signal?.removeEventListener("abort", onAbort);
  }
};

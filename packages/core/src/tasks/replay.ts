/** Hands the log's deliveries to the code in log order, one a turn, so that races come out as they did (I3). */
import type { Execution } from "./execution.ts";
import type { SignalResult } from "./incoming-signals.ts";
import { resultOf } from "./journal.ts";
import { outsideAwait } from "./parking.ts";

/** Resolves when the log is through, or the task has been parked on the way. Nothing here has an effect. */
export const replay = async (execution: Execution): Promise<void> => {
  if (!(await execution.reacted())) return execution.ending.endUnreplayed();
  for (const delivery of execution.journal.deliveries) {
    if (execution.phase !== "replaying") return;
    // As when it ran: code that has returned is handed no more, but where the log has what it did about that, since its end had to wait.
    if (execution.ending.hasReturned && !execution.visits.isBehind) {
      execution.leaveBehind(delivery);
      continue;
    }
    if ((delivery.type === "result" || delivery.type === "error") && !execution.open.has(delivery.path)) {
      if (execution.canceledPaths.has(delivery.path)) continue;
      if (execution.ending.hasReturned || execution.open.size > 0) return execution.ending.diverge([delivery.path]);
      return execution.ending.park(outsideAwait(delivery.path));
    }
    const kind = delivery.type === "result" ? execution.open.get(delivery.path)?.kind : undefined;
    if (delivery.type === "result" && kind === "signal" && !execution.ending.hasReturned)
      execution.intake.signals.reach((delivery.result as SignalResult).signalId);
    execution.apply(
      delivery.type === "result" && kind !== undefined
        ? { ...delivery, result: resultOf(kind, delivery.result) }
        : delivery,
    );
    if (!(await execution.reacted())) return execution.ending.endUnreplayed();
  }
  if (execution.phase === "replaying") execution.goLive();
};

/** Tells of itself as a busy agent does, without anything else to do. */
import { agent, LOG_TOPIC, MEASURE_TOPIC } from "@agentcore/sdk";

/** Of each kind. */
export const REPORTS_OF_TASK = 25;
const ENTRIES = 3;

export const teller = agent({
  name: "teller",
  description: "Tells lines and numbers, by an event of each kind for each round",
  async run({ id, contextId, caller }, ctx) {
    const task = { id, contextId, caller };
    const at = ctx.now();
    const told = Array.from({ length: REPORTS_OF_TASK }, (_, round) => {
      const entries = Array.from({ length: ENTRIES }, (__, line) => ({
        ...{ at, level: "info", message: `line ${line} of round ${round}`, fields: { round, line } },
      }));
      const measures = [{ at, name: "task.duration", value: round + 1, labels: { outcome: "completed" } }];
      return [
        ctx.emit(LOG_TOPIC, { task, entries }, { durable: true, key: String(round) }),
        ctx.emit(MEASURE_TOPIC, { task, measures }, { durable: true, key: String(round) }),
      ];
    });
    await Promise.all(told.flat());
  },
});

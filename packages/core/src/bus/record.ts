import { type ErrorCode, type Message, PlatformError } from "@agentcore/contract";
import type { Senses } from "../ports/index.ts";
import type { RoutingDecision } from "../routing/index.ts";
import type { BusCall, Interceptor } from "./bus-call.ts";

/** What metrics and traces get of one call. Holds no payload. */
export interface CallRecord {
  readonly tenantId: string;
  readonly type: Message["type"];
  readonly target: string;
  /** Who answered or failed last; undefined when the call was not routed or reached many. */
  readonly agent: string | undefined;
  readonly durationMs: number;
  readonly outcome: "ok" | ErrorCode;
  /** Deliveries tried; 0 when refused before. */
  readonly attempts: number;
  /** The last decision; earlier choices stand in its reasons as "has failed this call already". */
  readonly decision: RoutingDecision | undefined;
  readonly messageId: string;
  readonly traceparent: string | undefined;
  readonly taskId: string | undefined;
}

export type Observe = (call: BusCall, run: (call: BusCall) => Promise<unknown>) => Promise<unknown>;

/** Runs and reports once, whether the rest throws, rejects or resolves. */
export const createObserve = (
  { clock, logger }: Senses,
  onCall: ((record: CallRecord) => void) | undefined,
): Observe => {
  const report = (call: BusCall, outcome: "ok" | ErrorCode): void => {
    if (onCall === undefined) return;
    const { message } = call;
    try {
      onCall({
        tenantId: message.tenantId,
        type: message.type,
        target: message.target,
        agent: call.choice?.record.name,
        durationMs: clock.monotonic() - call.startedAt,
        outcome,
        attempts: call.attempts,
        decision: call.decision,
        messageId: message.id,
        traceparent: message.traceparent,
        taskId: message.taskId,
      });
    } catch (thrown) {
      // An answer that was paid for is not lost because somebody counts wrong.
      logger.log("error", "onCall failed", { tenantId: message.tenantId, error: PlatformError.from(thrown).message });
    }
  };
  const failed = (call: BusCall, thrown: unknown): Promise<never> => {
    const error = PlatformError.from(thrown);
    report(call, error.code);
    return Promise.reject(error);
  };
  return (call, run) => {
    let answer: Promise<unknown>;
    try {
      answer = run(call);
    } catch (thrown) {
      return failed(call, thrown);
    }
    return answer.then(
      (value) => {
        report(call, "ok");
        return value;
      },
      (thrown: unknown) => failed(call, thrown),
    );
  };
};

/** The last stage in time, hence the outermost: it sees what every other stage refused, too. */
export const record = (observe: Observe): Interceptor => ({
  name: "record",
  intercept: (call, next) => observe(call, next),
});

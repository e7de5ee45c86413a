/** A durable wait for a signal that somebody sends to the task. */
import { CancelledError, PlatformError, type Signal } from "@agentcore/contract";
import type { Schema } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { Execution } from "./execution.ts";
import type { SignalResult } from "./incoming-signals.ts";
import type { RecordedWait } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { listen, RESIDENT_SLEEP_MS, type Verdict, validate } from "./waits.ts";
import { wakeAt } from "./wake-at.ts";

export const startSignalWait = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  {
    name,
    schema,
    timeoutMs,
    signal: ending,
  }: {
    readonly name: string;
    readonly schema?: Schema<unknown> | undefined;
    readonly timeoutMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): void => {
  const { clock } = execution.services.senses;
  const { signals } = execution.intake;
  let isOver = false;
  let isJudging = false;

  const accept = (signal: Signal, value: unknown): void => {
    isOver = true;
    try {
      assertSerialisable(value, `the payload of signal "${name}" as its schema gives it back`);
    } catch (error) {
      signals.release(signal);
      return execution.fail(call, PlatformError.from(error), 1);
    }
    signals.give(signal);
    call.forget = () => {
      if (!execution.ending.hasReturned) signals.reach(signal.id);
    };
    execution.complete(call, { signalId: signal.id, value } satisfies SignalResult);
  };
  const refuse = (signal: Signal, reason: string): void => {
    signals.refuse(signal);
    const data = { path: call.path, id: signal.id, name, reason };
    execution.append({ type: "signal.refused", at: clock.now(), data });
  };
  const decide = (signal: Signal, verdict: Verdict): void => {
    if ("why" in verdict) refuse(signal, verdict.why);
    else accept(signal, verdict.value);
  };
  // Code that has returned, or is about to hear of a cancel, would not have it.
  const maySettle = (): boolean =>
    !isOver && execution.isOpen(call) && !execution.isAboutToHearOfCancel && !execution.ending.hasReturned;
  const look = (): void => {
    while (!isJudging && maySettle()) {
      const signal = signals.hold(name);
      if (signal === undefined) return;
      const verdict = schema === undefined ? { value: signal.payload } : validate(schema, signal.payload);
      if (!(verdict instanceof Promise)) {
        decide(signal, verdict);
        continue;
      }
      isJudging = true;
      // Evicted now, the task would wait for a signal that it has.
      execution.effects++;
      void verdict.then((judged) => {
        isJudging = false;
        execution.effects--;
        if (!maySettle()) {
          signals.release(signal);
          execution.intake.offerSignals();
        } else {
          decide(signal, judged);
          look();
        }
        execution.changed();
      });
    }
  };
  const end = (error: () => PlatformError) => (): void => {
    if (isOver || !execution.isOpen(call)) return;
    isOver = true;
    execution.fail(call, error(), 1);
  };

  call.receive = look;
  look();
  if (isOver) return;
  const now = clock.now();
  const dueAt = recorded === undefined ? (timeoutMs === undefined ? null : Math.ceil(now + timeoutMs)) : recorded.dueAt;
  if (recorded === undefined)
    execution.append({
      type: "step.started",
      at: now,
      data: { path: call.path, kind: "signal", attempt: 1, ...(dueAt === null ? {} : { dueAt }) },
    });
  call.durable = dueAt === null || dueAt - now > RESIDENT_SLEEP_MS;
  if (dueAt !== null)
    wakeAt(
      execution,
      call,
      dueAt,
      end(() => new PlatformError("DEADLINE_EXCEEDED", `no signal "${name}" came in time`)),
    );
  const cut = end(() => new CancelledError(`signal "${name}" is not waited for any more`));
  if (ending?.aborted === true) cut();
  else listen(call, ending, cut);
};

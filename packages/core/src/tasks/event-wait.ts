/** A durable wait for an event of the bus. Which one it is, is judged by whoever carries it (`waiting-tasks.ts`). */
import { CancelledError, invalidArgument, PlatformError, parseInput, TopicPattern } from "@agentcore/contract";
import type { EventOptions } from "@agentcore/contract/authoring";
import { isLargerThan } from "../payloads/json-size.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { EventCondition } from "./event-conditions.ts";
import type { EventMail, EventWait } from "./event-waits.ts";
import type { Execution } from "./execution.ts";
import type { RecordedWait } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { hashOf, listen, RESIDENT_SLEEP_MS } from "./waits.ts";
import { wakeAt } from "./wake-at.ts";

const MAX_WHERE_LENGTH = 4096;
const MAX_BINDINGS_BYTES = 64 * 1024;
const MAX_WAITS_OF_TASK = 1_000;
const STORE_RETRY_MS = 1_000;

interface Waited extends EventCondition {
  readonly topic: string;
}

/** Before the call is in the log. Throws INVALID_ARGUMENT, TOO_LARGE, RESULT_NOT_SERIALISABLE. */
export const assertEventWait = (topic: string, { where, with: bindings }: EventOptions): Waited => {
  parseInput(TopicPattern, topic, "the topic of ctx.waitForEvent");
  const refuse = (field: string, description: string): PlatformError =>
    invalidArgument("the options of ctx.waitForEvent", [{ field, description }]);
  if (where !== undefined && (typeof where !== "string" || where === "" || where.length > MAX_WHERE_LENGTH))
    throw refuse("where", `expected an expression in CEL of at most ${MAX_WHERE_LENGTH} characters`);
  if (bindings === undefined) return { topic, where };
  if (typeof bindings !== "object" || bindings === null || Array.isArray(bindings))
    throw refuse("with", "expected an object: values by name");
  assertSerialisable(bindings, "`with` of ctx.waitForEvent");
  if (isLargerThan(bindings, MAX_BINDINGS_BYTES))
    throw new PlatformError(
      "TOO_LARGE",
      `ctx.waitForEvent: with: it has more than ${MAX_BINDINGS_BYTES} characters; give it what \`where\` reads only`,
    );
  return { topic, where, with: bindings };
};

/** Throws OVERLOADED. */
export const assertFewEventWaits = (execution: Execution): void => {
  let count = 0;
  for (const { kind } of execution.open.values()) if (kind === "event") count += 1;
  if (count >= MAX_WAITS_OF_TASK)
    throw new PlatformError(
      "OVERLOADED",
      `task ${execution.head.taskId} waits for ${count} events, which is as many as may; begin more when some have come`,
    );
};

export const startEventWait = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  {
    wait: waited,
    timeoutMs,
    signal: ending,
  }: { readonly wait: Waited; readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined },
): void => {
  const { head, checkpointSeq, services } = execution;
  const { tenantId, taskId } = head;
  const { clock, digest } = services.senses;
  const { path, firstPath } = call;
  const id = digest
    .sha256(JSON.stringify(["event", tenantId, taskId, recorded?.since ?? checkpointSeq, firstPath]))
    .slice(0, 32);
  const wait: EventWait = { ...waited, id, taskId, path: firstPath };
  let isOver = false;
  let isKept = recorded !== undefined;
  let isForgotten = false;
  const end = (how: () => void) => (): void => {
    if (isOver || !execution.isOpen(call)) return;
    isOver = true;
    how();
  };
  const fail = (error: PlatformError): void => end(() => execution.fail(call, error, 1))();

  call.receive = (payload) => {
    const mail = payload as EventMail;
    // Of a wait at the same place, before a checkpoint.
    if (mail.wait !== id) return;
    end(() => execution.complete(call, mail.event))();
  };
  call.forget = () => {
    isForgotten = true;
    if (isKept) services.forgetEvent(tenantId, wait);
  };
  const cut = (): void => fail(new CancelledError(`event "${waited.topic}" is not waited for any more`));
  if (ending?.aborted === true) return cut();
  listen(call, ending, cut);

  const now = clock.now();
  const dueAt = recorded === undefined ? (timeoutMs === undefined ? null : Math.ceil(now + timeoutMs)) : recorded.dueAt;
  const isDurable = dueAt === null || dueAt - now > RESIDENT_SLEEP_MS;
  if (dueAt !== null)
    wakeAt(execution, call, dueAt, () =>
      fail(new PlatformError("DEADLINE_EXCEEDED", `no event "${waited.topic}" came in time`)),
    );

  /** Before it is in the log: nothing that is told from then on is missed. */
  const keep = async (): Promise<void> => {
    try {
      await services.awaitEvent(tenantId, wait);
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (error.code !== "STORE_UNAVAILABLE") return fail(error);
      await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      return execution.phase === "ended" ? undefined : keep();
    }
    isKept = true;
    if (isForgotten) return services.forgetEvent(tenantId, wait);
    if (isOver || !execution.isOpen(call)) return;
    if (recorded === undefined)
      execution.append({
        type: "step.started",
        at: clock.now(),
        data: { path, kind: "event", ...hashOf(call), attempt: 1, ...(dueAt === null ? {} : { dueAt }) },
      });
    call.durable = isDurable;
  };
  // Not before the task is there: whoever finds it missing takes its wait for left behind.
  execution.announcesLater++;
  execution.whenDurable(() => {
    execution.announcesLater--;
    if (!execution.isOpen(call) || isOver) return;
    execution.effects++;
    execution.announcing++;
    void keep().finally(() => {
      execution.effects--;
      execution.announcing--;
      execution.changed();
    });
  });
};

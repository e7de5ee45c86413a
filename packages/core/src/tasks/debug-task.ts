/** Looking into a task: its breakpoints, what they hold, and how that goes on. All of it goes by mail, as only the holder writes (I1). */
import {
  addressIn,
  type DebugAction,
  type Debugging,
  type HeldCall,
  invalidArgument,
  isTerminal,
  MAX_SET_SIZE,
  PlatformError,
} from "@agentcore/contract";
import { isLargerThan } from "../payloads/json-size.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { MailboxItem, TaskHead, TaskKey } from "../ports/index.ts";
import type { NotedCall } from "./breakpoints.ts";
import type { TaskEngine } from "./engine.ts";
import type { DebugMail } from "./held-calls.ts";
import { Journal, resultOf, unlikeResult } from "./journal.ts";
import { knownOutputs } from "./known-outputs.ts";
import { readForReplay } from "./replay-log.ts";
import { MAX_REPLAYED } from "./replay-task.ts";
import { DEBOUNCER } from "./task-router.ts";

const MAX_SHOWN = 100;

export interface BreakpointRequest {
  /** In place of those that there are; none: nothing is held any more, but what is held already. */
  readonly breakpoints: readonly string[];
  /** The next call is held, whatever it is. @default false */
  readonly next?: boolean | undefined;
}

export const readDebugging = async (engine: TaskEngine, head: TaskHead): Promise<Debugging> => {
  const events = await readForReplay(engine.store, head, { maxSize: MAX_REPLAYED });
  const { breakpoints } = new Journal(events);
  const held = isTerminal(head.state) ? [] : breakpoints.held;
  const shown = held.slice(0, MAX_SHOWN);
  return {
    breakpoints: breakpoints.patterns,
    next: breakpoints.next,
    held: shown.map(toHeldCall),
    heldCount: held.length,
    outputs: knownOutputs(
      events,
      shown.map(({ path }) => path),
      ({ data }) => resultOf(data.kind, data.result),
    ),
  };
};

const toHeldCall = ({ path, ...call }: NotedCall): HeldCall => {
  const place = addressIn(path);
  return { path, ...(place === null ? {} : { node: place.node, address: place.address }), ...call };
};

/**
 * The same with the breakpoints that were asked for and that the task has not heard of yet: a parked one does when it goes on. Who adds one to
 * those that there are would otherwise take back what they asked for before.
 */
export const readAskedDebugging = async (engine: TaskEngine, { tenantId, taskId }: TaskKey): Promise<Debugging> => {
  const { items } = await engine.store.mailbox({ tenantId, taskId });
  // After the mailbox: what was taken in by then is in its log.
  const head = await engine.store.head({ tenantId, taskId });
  if (head === null) throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });
  const debugging = await readDebugging(engine, head);
  const asked = items.map(breakpointsIn).findLast((mail) => mail !== null);
  if (asked === undefined || isTerminal(head.state)) return debugging;
  return { ...debugging, breakpoints: asked.breakpoints, next: asked.next };
};

const breakpointsIn = ({
  kind,
  payload,
  unreadable,
}: MailboxItem): Extract<DebugMail, { type: "breakpoints" }> | null => {
  if (kind !== "signal" || unreadable !== undefined) return null;
  const mail = payload as { readonly type?: unknown };
  return mail.type === "breakpoints" ? (mail as Extract<DebugMail, { type: "breakpoints" }>) : null;
};

/** Throws UNSUPPORTED_OPERATION for a task that has no code: what it is told by mail it would take in and forget. */
export const assertHoldable = ({ agent, taskId }: TaskHead): void => {
  if (agent === DEBOUNCER)
    throw new PlatformError(
      "UNSUPPORTED_OPERATION",
      `task ${taskId} waits for a trigger's events and has no code to be held; hold the task that it begins`,
      { details: { taskId } },
    );
};

/** Throws TASK_TERMINAL, OVERLOADED. */
export const changeBreakpoints = (
  engine: TaskEngine,
  head: TaskHead,
  by: string,
  { breakpoints, next = false }: BreakpointRequest,
): Promise<void> => post(engine, head, { type: "breakpoints", by, breakpoints, next });

/**
 * Throws UNSUPPORTED_OPERATION when no such call is held, or it takes no other input, TASK_TERMINAL, OVERLOADED, and, for what it is to be given
 * or to come to, INVALID_ARGUMENT, RESULT_NOT_SERIALISABLE and TOO_LARGE.
 */
export const releaseCalls = async (
  engine: TaskEngine,
  head: TaskHead,
  by: string,
  request: DebugAction,
): Promise<void> => {
  if (request.action === "set") assertKept(request.value, "value");
  else if (request.input !== undefined) assertKept(request.input, "input");
  const journal = new Journal(await readForReplay(engine.store, head, { maxSize: MAX_REPLAYED }));
  const held = isTerminal(head.state) ? [] : journal.breakpoints.held;
  const { path } = request;
  const call = path === undefined ? held[0] : held.find((each) => each.path === path);
  const details = { taskId: head.taskId };
  if (call === undefined)
    throw new PlatformError(
      "UNSUPPORTED_OPERATION",
      held.length === 0
        ? `no call of task ${head.taskId} is held; set a breakpoint, or wait until the task comes to one`
        : `${path} of task ${head.taskId} is not held; these are: ${named(held)}`,
      { details },
    );
  const unlike = request.action === "set" ? unlikeResult(call.kind, request.value) : null;
  if (unlike !== null) throw invalidArgument("the action", [{ field: "value", description: unlike }]);
  if (request.action !== "set" && request.input !== undefined && call.takesInput !== true)
    throw new PlatformError(
      "UNSUPPORTED_OPERATION",
      `${call.path} takes no other input: only commands, queries, events, tools and steps that say what their input is do; set what it comes to instead`,
      { details },
    );
  // Of several, a step, an input or a result is for the first.
  const isForAll = request.action === "continue" && path === undefined && request.input === undefined;
  const asked = isForAll ? held : [call];
  // The task may be moved, and its nodes renamed, before it comes to it.
  const paths = asked.map((each) => journal.firstPathOf(each.path));
  await post(engine, head, { type: "debug", by, paths, request });
};

const MAX_NAMED = 20;
const named = (held: readonly NotedCall[]): string => {
  const names = held.slice(0, MAX_NAMED).map(({ path }) => path);
  return held.length > MAX_NAMED ? `${names.join(", ")} and ${held.length - MAX_NAMED} more` : names.join(", ");
};

const assertKept = (value: unknown, field: "input" | "value"): void => {
  if (value === undefined) throw invalidArgument("the action", [{ field, description: "expected any JSON" }]);
  assertSerialisable(value, `the ${field} that a call is given`);
  if (isLargerThan(value, MAX_SET_SIZE))
    throw new PlatformError(
      "TOO_LARGE",
      `the ${field} that a call is given is over ${MAX_SET_SIZE} characters of JSON`,
    );
};

const post = async (engine: TaskEngine, head: TaskHead, payload: DebugMail): Promise<void> => {
  const { tenantId, taskId } = head;
  const mail = {
    taskId,
    key: `debug:${engine.senses.ids.next()}`,
    kind: "signal",
    payload,
    ifTerminal: "refuse",
  } as const;
  if (!isTerminal(head.state)) {
    await engine.mail.assertRoom(head);
    if ((await engine.mail.post(tenantId, mail)) === "accepted") return;
  }
  throw new PlatformError("TASK_TERMINAL", `task ${taskId} has ended; fork it to look into it`, {
    details: { taskId },
  });
};

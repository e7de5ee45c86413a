/** Puts a signal into the mailbox of a task, when as few wait there as may. */
import {
  isTerminal,
  MAX_WAITING_SIGNAL_BYTES,
  MAX_WAITING_SIGNALS,
  PlatformError,
  type Signal,
  TaskEvent,
} from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import type { TaskHead } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { bytesOf, noteSignals } from "./incoming-signals.ts";

const SEEN = new Set<TaskEvent["type"]>(["checkpoint.created", "signal.received", "signal.refused", "step.completed"]);
/** Events that say nothing of signals. */
const UNSEEN = TaskEvent.options.map(({ shape }) => shape.type.value).filter((type) => !SEEN.has(type));
/** Nor of those that were given to somebody. */
const UNSEEN_BY_RECEIVED = [...UNSEEN, "step.completed", "signal.refused"] as const;

type ReadLog = (after: number, without: readonly TaskEvent["type"][]) => AsyncIterable<TaskEvent>;

export interface LogAccess {
  readonly readLog: ReadLog;
  /** For whatever reads the log. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Resolves when it is durable (I5); `repeated` when the task has had a signal of that id. Throws TASK_TERMINAL, TOO_LARGE, OVERLOADED (as
 * many signals wait for the task as may).
 */
export const signalTask = async (
  engine: TaskEngine,
  head: TaskHead,
  signal: Signal,
  log: LogAccess,
): Promise<"accepted" | "repeated"> => {
  const key = `signal:${signal.id}`;
  if (!isTerminal(head.state)) {
    if (await engine.store.hasTaken(head, key)) return "repeated";
    await assertRoom(engine, head, signal, log);
    const mail = { taskId: head.taskId, key, kind: "signal", ifTerminal: "refuse" } as const;
    const accepted = await engine.mail.post(head.tenantId, { ...mail, payload: { type: "signal", signal } });
    if (accepted === "accepted") return "accepted";
  }
  // Somebody whose answer was lost asks again: it was taken in, and the task has ended since.
  if (await log.inTurn(() => isIn(log.readLog(0, UNSEEN_BY_RECEIVED), signal.id))) return "repeated";
  throw new PlatformError("TASK_TERMINAL", `task ${head.taskId} has ended; nothing waits for signals any more`, {
    details: { taskId: head.taskId },
  });
};

const isIn = async (log: AsyncIterable<TaskEvent>, id: string): Promise<boolean> => {
  for await (const event of log) {
    if (event.type === "signal.received" && event.data.id === id) return true;
    if (event.type === "checkpoint.created" && event.data.signals?.some((signal) => signal.id === id) === true)
      return true;
  }
  return false;
};

/** Signals that wait for a task, in its mailbox and in its log. */
export interface Waiting {
  readonly count: number;
  readonly bytes: number;
}

/** Two that come at once may both find room: these bound what is kept, they count nothing. */
const assertRoom = async (engine: TaskEngine, head: TaskHead, signal: Signal, log: LogAccess): Promise<void> => {
  const size = sizeOf(signal.payload);
  if (size > MAX_WAITING_SIGNAL_BYTES)
    throw new PlatformError(
      "TOO_LARGE",
      `the payload of signal "${signal.name}" has about ${size} bytes, ${MAX_WAITING_SIGNAL_BYTES} are allowed; keep it elsewhere, and send a reference to it`,
    );
  const fits = ({ count, bytes }: Waiting): boolean =>
    count < MAX_WAITING_SIGNALS && bytes + size <= MAX_WAITING_SIGNAL_BYTES;
  if (fits(await waitingSignals(engine, head, log, fits))) return;
  throw new PlatformError(
    "OVERLOADED",
    `as many signals wait for task ${head.taskId} as may: ${MAX_WAITING_SIGNALS}, with ${MAX_WAITING_SIGNAL_BYTES} bytes; send it more when its code has waited for those`,
    { retryAfterMs: 10_000 },
  );
};

/** What waits for the task; if that fits, those may be among it that its code was given since its log began. */
export const waitingSignals = async (
  engine: TaskEngine,
  head: TaskHead,
  { readLog, inTurn }: LogAccess,
  fits: (waiting: Waiting) => boolean,
): Promise<Waiting> => {
  const mailed = await engine.store.waitingMail(head);
  const resident = engine.residents.get(head)?.intake.signals;
  const among = async (without: readonly TaskEvent["type"][]): Promise<Waiting> => {
    if (resident !== undefined) return { count: mailed.count + resident.count, bytes: mailed.bytes + resident.bytes };
    const waiting = new Map<string, Signal>();
    await inTurn(async () => {
      for await (const event of readLog(Math.max(0, head.checkpointSeq - 1), without)) noteSignals(waiting, event);
    });
    return { count: mailed.count + waiting.size, bytes: mailed.bytes + bytesOf(waiting.values()) };
  };
  // Few tasks have had so many since they began, and what was given to them need not be read then.
  const received = await among(UNSEEN_BY_RECEIVED);
  return fits(received) ? received : among(UNSEEN);
};

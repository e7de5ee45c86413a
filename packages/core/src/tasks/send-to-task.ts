/** What is said to a task: a message, which is taken in once, or a decision. */
import {
  type A2AMessage,
  DecisionAnswer,
  isTerminal,
  PlatformError,
  parseInput,
  type TaskEvent,
} from "@agentcore/contract";
import type { TaskHead } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { TaskLogs } from "./task-logs.ts";
import { typesUnseen } from "./view.ts";

/** Throws what TaskService.send does. */
export const sendToTask = async (
  engine: TaskEngine,
  logs: TaskLogs,
  message: A2AMessage,
  {
    findHead,
    decide,
  }: {
    /** As it is now, for who asks. */
    readonly findHead: () => Promise<TaskHead>;
    readonly decide: (answer: DecisionAnswer) => Promise<unknown>;
  },
): Promise<"accepted" | "repeated" | "decided"> => {
  const head = await findHead();
  const { tenantId, taskId } = head;
  if (message.contextId !== undefined && message.contextId !== head.contextId) {
    throw new PlatformError("INVALID_ARGUMENT", `task ${taskId} belongs to another context`, {
      violations: [{ field: "message.contextId", description: `expected ${head.contextId} or nothing` }],
    });
  }
  // A decision is no message: it is judged apart, and its token stands in no history.
  const answer = decisionIn(message);
  if (answer !== null) {
    await decide(answer);
    return "decided";
  }
  if (!isTerminal(head.state)) {
    if (await hasTaken(engine, logs, head, message.messageId)) return "repeated";
    await engine.mail.assertRoom(head);
    const mail = { taskId, key: mailKeyOf(message.messageId), kind: "message", payload: message } as const;
    if ((await engine.mail.post(tenantId, { ...mail, ifTerminal: "refuse" })) === "accepted") return "accepted";
  }
  // Somebody whose answer was lost asks again: the message was taken in, and the task has ended since.
  const ended = await findHead();
  if (await hasTaken(engine, logs, ended, message.messageId)) return "repeated";
  throw new PlatformError(
    "TASK_TERMINAL",
    `task ${taskId} has ended (${ended.state}); start a new one in context ${ended.contextId}`,
    { details: { taskId, contextId: ended.contextId } },
  );
};

/** Whether the log has taken the message in. An ended task's keys are forgotten, so its log is looked through. */
const hasTaken = async (engine: TaskEngine, logs: TaskLogs, head: TaskHead, messageId: string): Promise<boolean> => {
  const isIt = (message: A2AMessage | undefined) => message?.messageId === messageId;
  const isIn = (event: TaskEvent): boolean =>
    event.type === "log.compacted"
      ? (event.data.task.history?.some(isIt) ?? false)
      : (event.type === "message.added" || event.type === "task.submitted") && isIt(event.data.message);
  const key = { tenantId: head.tenantId, taskId: head.taskId };
  if (!isTerminal(head.state)) {
    if (await engine.store.hasTaken(key, mailKeyOf(messageId))) return true;
    // What the task began with came by no mailbox.
    return logs.inTurn(key, async () => (await logs.read(key, { limit: 1 })).some(isIn));
  }
  return logs.inTurn(key, async () => {
    for await (const event of logs.readAll(key, 0, typesUnseen({ artifacts: false }))) if (isIn(event)) return true;
    return false;
  });
};

/** A message comes in once. */
const mailKeyOf = (messageId: string): string => `message:${messageId}`;

/** What a message says about a decision: `{ approval: { token, … } }` in one of its parts. Throws INVALID_ARGUMENT. */
const decisionIn = ({ parts, messageId }: A2AMessage): DecisionAnswer | null => {
  for (const { data } of parts) {
    const approval = (data as { readonly approval?: { readonly token?: unknown } | null } | null | undefined)?.approval;
    if (typeof approval?.token !== "string") continue;
    return parseInput(DecisionAnswer, { ...approval, id: messageId }, "the decision in the message");
  }
  return null;
};

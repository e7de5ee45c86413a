/** Waiting for what comes after something was put into a task's mailbox: the head does not show it yet. */
import type { A2ATaskState, TaskEvent } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { type CallerScope, stateAfter, type TaskService, TaskView, toA2AState } from "@agentcore/core/tasks";

/** Only what each event changes is asked for. */
const NOTHING = { historyLength: 0, artifacts: false };

const waitsForSomeone = (state: A2ATaskState): boolean =>
  state === "TASK_STATE_INPUT_REQUIRED" || state === "TASK_STATE_AUTH_REQUIRED";

/**
 * Resolves when the task, having taken in the message, has ended or waits again; or when `signal` aborts. `head` is
 * from before the message was sent.
 */
export const messageAnswered = async (
  tasks: TaskService,
  scope: CallerScope,
  head: TaskHead,
  messageId: string,
  signal: AbortSignal,
): Promise<void> => {
  const view = new TaskView(head.taskId, "", NOTHING);
  let taken = false;
  let parked = head.state === "parked";
  let state = toA2AState(head.state);
  for await (const event of tasks.events(scope, head.taskId, { after: head.seq, signal })) {
    const { status, terminal } = view.apply(event);
    if (terminal) return;
    // The task went on while nobody looked, and the message is among what was folded since.
    if (event.type === "log.compacted")
      taken ||= event.data.task.history?.some((message) => message.messageId === messageId) === true;
    if (event.type === "message.added" && event.data.message.messageId === messageId) {
      taken = true;
      // A parked task keeps the message until someone lets it go on.
      if (parked) return;
      // While access is asked for, a message moves nothing, unless it answers a question that is open beside it.
      if (state === "TASK_STATE_AUTH_REQUIRED") {
        const rest = await tasks.log(scope, head.taskId, { after: event.seq });
        if (!rest.some(movesOn)) return;
      }
    }
    if (status !== undefined) {
      parked = event.type === "task.parked";
      state = status.state;
      if (taken && waitsForSomeone(state)) return;
    } else if (taken && event.type === "step.completed" && event.data.kind === "input" && waitsForSomeone(state)) {
      // One of several questions is answered. `task.resumed` is committed with the last answer, so the log tells already.
      const rest = await tasks.log(scope, head.taskId, { after: event.seq });
      if (!rest.some((later) => later.type === "task.resumed")) return;
    }
  }
};

const movesOn = (event: TaskEvent): boolean =>
  (event.type === "step.completed" && event.data.kind === "input") || stateAfter(event) !== null;

/** Resolves when the task has ended, or when `signal` aborts. */
export const taskEnded = async (
  tasks: TaskService,
  scope: CallerScope,
  head: TaskHead,
  signal: AbortSignal,
): Promise<void> => {
  const view = new TaskView(head.taskId, "", NOTHING);
  for await (const event of tasks.events(scope, head.taskId, { after: head.seq, signal })) {
    if (view.apply(event).terminal) return;
  }
};

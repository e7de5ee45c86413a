/** What parents and children put into each other's mailboxes. */
import type { MailboxInsert, MailboxItem } from "../ports/index.ts";

/** What a parent's mailbox holds when a child has ended. */
export interface ChildFinished {
  readonly childTaskId: string;
  readonly path: string;
  readonly event: { readonly type: string; readonly data: unknown };
}

export interface CancelRequest {
  readonly by: string;
  readonly reason?: string;
}

/** Of a cancel that cannot be read it is still known that somebody wants the end. */
export const cancelRequestOf = ({ payload, unreadable }: MailboxItem): CancelRequest =>
  unreadable === undefined ? (payload as CancelRequest) : { by: "unknown", reason: unreadable.message };

export const childFinishedMail = (parentTaskId: string, finished: ChildFinished): MailboxInsert => ({
  taskId: parentTaskId,
  key: `child:${finished.childTaskId}`,
  kind: "childFinished",
  payload: finished,
  // A parent that has ended does not care any more.
  ifTerminal: "drop",
});

export const cancelMail = (
  childTaskId: string,
  parentTaskId: string,
  reason = "the task that asked for this has ended or was canceled",
): MailboxInsert => ({
  taskId: childTaskId,
  key: `cancel:${parentTaskId}`,
  kind: "cancel",
  payload: { by: `task:${parentTaskId}`, reason },
  ifTerminal: "drop",
});

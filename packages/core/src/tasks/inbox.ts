/** What waits for somebody: open decisions, questions and authorisations, as the logs of the tasks that wait tell. */
import {
  type ApprovalQuestion,
  type AuthorizationQuestion,
  type Part,
  PlatformError,
  type TaskEvent,
} from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import type { TaskHead, TaskKey } from "../ports/index.ts";
import { type Approval, Approvals, isAsked } from "./approvals.ts";
import { carriedBy } from "./call-records.ts";
import { tokenFor } from "./decision-tokens.ts";
import type { TaskEngine } from "./engine.ts";
import { decodeCursor, encodeCursor } from "./list-cursor.ts";
import { pathAfter } from "./migration-rules.ts";
import type { CallerScope } from "./task-service.ts";

// A page ends after so many tasks or characters, whatever it has found: there is another.
const MAX_TASKS = 500;
const MAX_SIZE = 16 * 1024 * 1024;
const HEADS_AT_ONCE = 100;

export interface InboxRequest {
  /** All that waits in the tenant, also for others; their tokens are not shown. For operators. @default false */
  readonly all?: boolean | undefined;
  /** Only what this task asks. */
  readonly taskId?: string | undefined;
  /** 1 to 100 items; those of one task stand together, also where that makes it more. @default 50 */
  readonly pageSize?: number | undefined;
  /** Throws INVALID_ARGUMENT when it is not one of ours. */
  readonly pageToken?: string | undefined;
  /** Tasks of agents that this refuses are left out. @default none */
  readonly sees?: ((head: TaskHead) => Promise<boolean>) | undefined;
}

export interface InboxItem {
  readonly kind: "approval" | "question" | "authorization";
  readonly taskId: string;
  readonly agent: string;
  readonly contextId: string;
  /** Who began the task. */
  readonly caller: string;
  readonly path: string;
  /** As A2A shows it. */
  readonly prompt: readonly Part[];
  /** Milliseconds since 1970, when it was asked first. */
  readonly askedAt: number;
  readonly authorization?: AuthorizationQuestion;
  readonly approval?: ApprovalQuestion & {
    /** Those who have decided; what they chose is for the log. */
    readonly decidedBy: readonly string[];
    /** By which the caller answers; absent where they are not asked. */
    readonly token?: string;
  };
}

export interface Inbox {
  readonly items: readonly InboxItem[];
  /** Cursor of the next page, which may be there also after a page without items; "" on the last. */
  readonly nextPageToken: string;
}

interface Reading {
  readonly readLog: (key: TaskKey, after: number) => AsyncIterable<TaskEvent>;
  /** For whatever reads a log. */
  readonly inTurn: <Result>(key: TaskKey, work: () => Promise<Result>) => Promise<Result>;
}

export const readInbox = async (
  engine: TaskEngine,
  scope: CallerScope,
  { all = false, taskId, pageSize = 50, pageToken = "", sees }: InboxRequest,
  { readLog, inTurn }: Reading,
): Promise<Inbox> => {
  if (all && scope.operator !== true)
    throw new PlatformError("PERMISSION_DENIED", "all: what waits for others needs the operator role", {
      violations: [{ field: "all", description: "expected nothing, or false" }],
    });
  if (taskId !== undefined) {
    const head = await engine.store.head({ tenantId: scope.tenantId, taskId });
    const isAsking = head?.state === "input-required" || head?.state === "auth-required";
    return { items: head !== null && isAsking ? await seenOf(head) : [], nextPageToken: "" };
  }
  const items: InboxItem[] = [];
  let size = 0;
  let after = pageToken === "" ? undefined : decodeCursor(pageToken);
  for (let tasks = 0; tasks < MAX_TASKS; tasks += HEADS_AT_ONCE) {
    // Whoever is asked need not have begun the task: all that wait are looked through.
    const { heads } = await engine.store.list({
      tenantId: scope.tenantId,
      states: ["input-required", "auth-required"],
      limit: HEADS_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    for (const [index, head] of heads.entries()) {
      const found = await seenOf(head);
      items.push(...found);
      size += sizeOf(found);
      after = { updatedAt: head.updatedAt, taskId: head.taskId };
      const isLast = index === heads.length - 1 && heads.length < HEADS_AT_ONCE;
      if (!isLast && (items.length >= pageSize || size > MAX_SIZE))
        return { items, nextPageToken: encodeCursor(after) };
    }
    if (heads.length < HEADS_AT_ONCE) return { items, nextPageToken: "" };
  }
  return { items, nextPageToken: after === undefined ? "" : encodeCursor(after) };

  async function seenOf(head: TaskHead): Promise<readonly InboxItem[]> {
    return (await sees?.(head)) === false ? [] : itemsOf(head);
  }

  async function itemsOf(head: TaskHead): Promise<readonly InboxItem[]> {
    try {
      const open = await inTurn(head, () => openIn(readLog(head, Math.max(0, head.checkpointSeq - 1))));
      return await Promise.all(open.filter(isShown(head)).map((question) => itemOf(head, question)));
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (error.code === "OVERLOADED" || error.code === "STORE_UNAVAILABLE") throw error;
      // One log that cannot be read does not hide the other tasks.
      const { tenantId, taskId } = head;
      engine.senses.logger.log("error", `cannot read what a task asks: ${error.message}`, { tenantId, taskId });
      return [];
    }
  }

  function isShown(head: TaskHead): (question: OpenQuestion) => boolean {
    return ({ approval }) => all || (approval === null ? head.caller === scope.caller : isOwn(head, approval));
  }

  function isOwn(head: TaskHead, approval: Approval): boolean {
    return isAsked(approval, { by: scope.caller, isOperator: scope.operator === true }, head.caller);
  }

  async function itemOf(head: TaskHead, { approval, ...question }: OpenQuestion): Promise<InboxItem> {
    const { taskId, agent, contextId, caller } = head;
    const item = { taskId, agent, contextId, caller, ...question };
    if (approval === null) return item;
    const { digest } = engine.senses;
    const token = isOwn(head, approval)
      ? { token: tokenFor(digest, await engine.credentials.makeTokenSecret(head), approval, scope.caller) }
      : {};
    return {
      ...item,
      approval: { ...approval.question, decidedBy: approval.chosen.map((each) => each.caller), ...token },
    };
  }
};

interface OpenQuestion extends Pick<InboxItem, "kind" | "path" | "prompt" | "askedAt" | "authorization"> {
  readonly approval: Approval | null;
}

const openIn = async (log: AsyncIterable<TaskEvent>): Promise<readonly OpenQuestion[]> => {
  const approvals = new Approvals();
  const open = new Map<string, Omit<OpenQuestion, "approval">>();
  const apply = (event: TaskEvent): void => {
    if (event.type === "checkpoint.created") {
      open.clear();
      for (const call of carriedBy(event)) apply(call.event);
    } else if (event.type === "task.migrated" && event.data.rules !== undefined) {
      const { rules } = event.data;
      const renamed = [...open.values()].map((question) => ({ ...question, path: pathAfter(question.path, [rules]) }));
      open.clear();
      for (const question of renamed) open.set(question.path, question);
    } else if (event.type === "task.inputRequired" || event.type === "task.authRequired") {
      const { path, prompt } = event.data;
      const askedAt = open.get(path)?.askedAt ?? event.at;
      if (event.type === "task.authRequired")
        open.set(path, { kind: "authorization", path, prompt, askedAt, authorization: event.data.authorization });
      else open.set(path, { kind: event.data.approval === undefined ? "question" : "approval", path, prompt, askedAt });
    } else if (event.type === "step.completed" || event.type === "step.failed") open.delete(event.data.path);
  };
  for await (const event of log) {
    approvals.apply(event);
    apply(event);
  }
  return [...open.values()].map((question) => ({ ...question, approval: approvals.at(question.path) }));
};

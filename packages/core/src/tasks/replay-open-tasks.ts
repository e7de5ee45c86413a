/** Before a revision is used: which open tasks of the agent would go on under it, and where the others would not. */
import {
  isTerminal,
  type MigrationRules,
  PlatformError,
  type SerializedError,
  TASK_STATES,
  type TaskState,
} from "@agentcore/contract";
import type { TaskHead } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import type { Difference } from "./dry-run.ts";
import type { TaskEngine } from "./engine.ts";
import { decodeCursor, encodeCursor } from "./list-cursor.ts";
import { loadRevision, replayWith } from "./replay-task.ts";

// A page ends after so many index rows, whatever it has found: there is another.
const MAX_HEADS = 1000;
const HEADS_AT_ONCE = 100;
const OPEN_STATES: readonly TaskState[] = TASK_STATES.filter((state) => !isTerminal(state));

export interface ReplayOpenRequest {
  /** Of the agent, or one that was made ready and is not applied yet. @default what new tasks get */
  readonly revision?: string | { readonly revision: string; readonly agent: LoadedAgent } | undefined;
  /** Only tasks of this revision. @default all but those of the revision itself */
  readonly from?: string | undefined;
  /** Replays of a page, 1 to 100. @default 20 */
  readonly pageSize?: number | undefined;
  /** Throws INVALID_ARGUMENT when it is not one of ours. */
  readonly pageToken?: string | undefined;
  /** How their logs are to be read. @default what the revision declares */
  readonly rules?: MigrationRules | undefined;
  /** Tasks that this refuses are left out. @default none */
  readonly sees?: ((head: TaskHead) => Promise<boolean>) | undefined;
}

export interface OpenTaskReplay {
  readonly taskId: string;
  readonly state: TaskState;
  /** Its own. */
  readonly revision: string;
  /** The code comes to where the log is, and does not fail at once there. */
  readonly survives: boolean;
  readonly differs: Difference | null;
  /** What it would fail with, or why that cannot be told. */
  readonly error: SerializedError | null;
  /** That its log was read by: those asked for, or those of the revision that say something of it. @default none */
  readonly rules?: MigrationRules | undefined;
}

export interface OpenTasksReport {
  readonly agent: string;
  /** What the tasks were run with. */
  readonly revision: string;
  /** Those that have it already, which were not run; of this page. */
  readonly alreadyThere: number;
  readonly tasks: readonly OpenTaskReplay[];
  /** Cursor of the next page, which may be there also after a page without tasks; "" on the last. */
  readonly nextPageToken: string;
}

export const replayOpenTasks = async (
  engine: TaskEngine,
  { tenantId, agent }: { readonly tenantId: string; readonly agent: string },
  { revision: asked = "current", from, pageSize = 20, pageToken = "", rules, sees }: ReplayOpenRequest,
  inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>,
): Promise<OpenTasksReport> => {
  const target =
    typeof asked === "string" ? await loadRevision(engine, { tenantId, agent, revision: asked }, asked) : asked;
  const tasks: OpenTaskReplay[] = [];
  let alreadyThere = 0;
  let after = pageToken === "" ? undefined : decodeCursor(pageToken);
  const page = (nextPageToken: string): OpenTasksReport => ({
    ...{ agent, revision: target.revision, alreadyThere, tasks, nextPageToken },
  });
  for (let seen = 0; seen < MAX_HEADS; seen += HEADS_AT_ONCE) {
    const { heads } = await engine.store.list({
      ...{ tenantId, agent, states: OPEN_STATES, limit: HEADS_AT_ONCE },
      ...(after === undefined ? {} : { after }),
    });
    for (const [index, head] of heads.entries()) {
      if (tasks.length >= pageSize) return page(after === undefined ? "" : encodeCursor(after));
      const isIt = head.revision === target.revision;
      const isAsked = from === undefined ? !isIt : head.revision === from;
      if ((isIt || isAsked) && (await sees?.(head)) !== false) {
        if (isAsked) tasks.push(await inTurn(() => replayOpen(engine, head, target, rules)));
        else alreadyThere += 1;
      }
      after = { updatedAt: head.updatedAt, taskId: head.taskId };
      if (index === heads.length - 1 && heads.length < HEADS_AT_ONCE) return page("");
    }
    if (heads.length === 0) return page("");
  }
  return page(after === undefined ? "" : encodeCursor(after));
};

export const replayOpen = async (
  engine: TaskEngine,
  head: TaskHead,
  target: { readonly revision: string; readonly agent: LoadedAgent },
  asked?: MigrationRules,
): Promise<OpenTaskReplay> => {
  const { taskId, state, revision } = head;
  const task = { taskId, state, revision };
  try {
    const { differs, end, rules } = await replayWith(engine, head, target, asked);
    const error = end?.type === "task.failed" ? end.data.error : null;
    const ruled = rules === null ? {} : { rules };
    return { ...task, survives: differs === null && error === null, differs, error, ...ruled };
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    if (error.code === "OVERLOADED" || error.code === "STORE_UNAVAILABLE") throw error;
    // One log that cannot be read, or that ended meanwhile, does not hide the other tasks.
    return { ...task, survives: false, differs: null, error: error.toJSON() };
  }
};

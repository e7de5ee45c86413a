/** Tasks as A2A shows them: projections of their logs, and of as many at once as an answer holds. */
import { type A2ATask, PlatformError } from "@agentcore/contract";
import { isoTime } from "../iso-time.ts";
import { sizeOf } from "../payloads/json-size.ts";
import type { TaskHead } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { READ_BATCH, READ_BYTES } from "./log-reader.ts";
import type { TaskLogs } from "./task-logs.ts";
import type { TaskViewOptions } from "./task-service.ts";
import { TaskView, toA2AState, typesUnseen, VIEW_BOUNDS } from "./view.ts";

// In characters of JSON, as much as an answer of events has.
const MAX_LISTING_SIZE = 16 * 1024 * 1024;
// What is read for one page of a list, whatever it shows of it.
const MAX_LISTING_READ = 64 * 1024 * 1024;

export interface TaskViews {
  /** Throws TOO_LARGE, OVERLOADED. */
  show(head: TaskHead, options?: TaskViewOptions): Promise<A2ATask>;
  /** As many of the first as an answer holds, one at least. Throws OVERLOADED. */
  showPage(heads: readonly TaskHead[], options: TaskViewOptions): Promise<readonly A2ATask[]>;
}

export const createTaskViews = (engine: TaskEngine, logs: TaskLogs): TaskViews => {
  const { senses, recent } = engine;

  /** The view of a log of any length, read page by page, as far at least as the head says; `read` counts what was read for it. */
  const project = async (head: TaskHead, options: TaskViewOptions = {}): Promise<Projected> => {
    const view = new TaskView(head.taskId, "", { ...options, bounds: VIEW_BOUNDS });
    const known = recent.get(head);
    if (known !== undefined) {
      for (const event of known.events) view.apply(event);
      return { task: view.snapshot(), size: view.size, read: 0 };
    }
    const without = typesUnseen(options);
    const fold = async (): Promise<Projected> => {
      let read = 0;
      // By the number read last, not by how many: what is below the floor of a compacted log is one event.
      for (let after = 0; ; ) {
        const page = await logs.read(head, { after, limit: READ_BATCH, maxBytes: READ_BYTES, without });
        for (const event of page) {
          view.apply(event);
          read += sizeOf(event.data);
        }
        after = page.at(-1)?.seq ?? after;
        // A short page may have been a large one, and what was left out of it the last of the log.
        if (page.length === 0 || (page.length < READ_BATCH && after >= head.seq))
          return { task: view.snapshot(), size: view.size, read };
      }
    };
    return logs.inTurn(head, fold);
  };

  /** One log that cannot be read does not hide the other tasks: its task is shown as the index knows it. */
  const projectListed = async (head: TaskHead, options: TaskViewOptions): Promise<Projected> => {
    try {
      return await project(head, options);
    } catch (thrown) {
      const { tenantId, taskId, contextId, state } = head;
      const error = PlatformError.from(thrown);
      if (error.code === "OVERLOADED") throw error;
      // What has too many artifacts to show them is in order.
      if (error.code !== "TOO_LARGE")
        senses.logger.log("error", `cannot read the log: ${error.message}`, { tenantId, taskId });
      const status = { state: toA2AState(state), timestamp: isoTime(head.updatedAt) };
      return { task: { id: taskId, contextId, status }, size: 0, read: 0 };
    }
  };

  /** Task after task, so that no more is in memory. */
  const showPage = async (heads: readonly TaskHead[], options: TaskViewOptions): Promise<readonly A2ATask[]> => {
    const tasks: A2ATask[] = [];
    let [size, read] = [0, 0];
    for (const head of heads) {
      const projected = await projectListed(head, options);
      size += projected.size;
      if (size > MAX_LISTING_SIZE && tasks.length > 0) break;
      tasks.push(projected.task);
      read += projected.read;
      if (read > MAX_LISTING_READ) break;
    }
    return tasks;
  };

  return { show: async (head, options) => (await project(head, options)).task, showPage };
};

interface Projected {
  readonly task: A2ATask;
  readonly size: number;
  readonly read: number;
}

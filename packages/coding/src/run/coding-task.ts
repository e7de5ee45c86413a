import type { Context, TaskInput } from "@agentcore/contract/authoring";
import type { CodingRuntime } from "../coding-runtime.ts";
import { TaskProgress } from "./task-progress.ts";
import { TaskSite } from "./task-site.ts";

/** What the parts of a task's run have in common. */
export interface CodingTask {
  readonly runtime: CodingRuntime;
  readonly task: TaskInput<unknown>;
  readonly ctx: Context;
  readonly site: TaskSite;
  readonly progress: TaskProgress;
}

export const createCodingTask = (runtime: CodingRuntime, task: TaskInput<unknown>, ctx: Context): CodingTask => ({
  ...{ runtime, task, ctx },
  ...{ site: new TaskSite(runtime, task), progress: new TaskProgress(ctx) },
});

import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { AgentDirectory } from "../deps.ts";
import { assertScopes } from "./required-scopes.ts";

/**
 * Tasks, for callers whose credential is good for the scopes of the task's agent; others get PERMISSION_DENIED for tasks of their own, and
 * TASK_NOT_FOUND, as ever, for those of others. Submission is judged on the bus, where the agent is chosen. Lists show index rows only.
 */
export const createPermittedTasks = (tasks: TaskService, agents: Pick<AgentDirectory, "get">): TaskService => {
  const head: TaskService["head"] = async (scope, taskId) => {
    const found = await tasks.head(scope, taskId);
    const agent = agents.get(scope.tenantId, found.agent);
    if (agent !== null) assertScopes(scope, agent);
    return found;
  };
  const permit = async (scope: CallerScope, taskId: string): Promise<void> => {
    if (scope.permissions !== undefined) await head(scope, taskId);
  };
  const guarded =
    <Rest extends readonly unknown[], Result>(
      run: (scope: CallerScope, taskId: string, ...rest: Rest) => Promise<Result>,
    ) =>
    async (scope: CallerScope, taskId: string, ...rest: Rest): Promise<Result> => {
      await permit(scope, taskId);
      return run(scope, taskId, ...rest);
    };
  return {
    submit: (scope, request) => tasks.submit(scope, request),
    list: (scope, request) => tasks.list(scope, request),
    send: guarded((scope, taskId, message: Parameters<TaskService["send"]>[2]) => tasks.send(scope, taskId, message)),
    cancel: guarded((scope, taskId, reason?: string) => tasks.cancel(scope, taskId, reason)),
    retry: guarded((scope, taskId) => tasks.retry(scope, taskId)),
    authorize: guarded((scope, taskId, decision: Parameters<TaskService["authorize"]>[2]) =>
      tasks.authorize(scope, taskId, decision),
    ),
    head,
    view: guarded((scope, taskId) => tasks.view(scope, taskId)),
    log: guarded((scope, taskId, options?: Parameters<TaskService["log"]>[2]) => tasks.log(scope, taskId, options)),
    settled: guarded((scope, taskId, options?: Parameters<TaskService["settled"]>[2]) =>
      tasks.settled(scope, taskId, options),
    ),
    follow: guarded((scope, taskId, options?: Parameters<TaskService["follow"]>[2]) =>
      tasks.follow(scope, taskId, options),
    ),
    async *events(scope, taskId, options) {
      await permit(scope, taskId);
      yield* tasks.events(scope, taskId, options);
    },
  };
};

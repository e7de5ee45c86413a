import { PlatformError } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { assertScopes } from "./required-scopes.ts";

/**
 * Tasks, for callers whose credential is good for the scopes of the task's agent; others get PERMISSION_DENIED for tasks of their own, and
 * TASK_NOT_FOUND, as ever, for those of others. Of an agent that was deleted it is what it asked for when the task began. Submission is judged on the bus, where the agent is chosen. Lists show index rows only.
 */
export const createPermittedTasks = (
  tasks: TaskService,
  { agents, scopesOfTask }: Pick<GatewayDeps, "agents" | "scopesOfTask">,
): TaskService => {
  const scopesOf = async (task: TaskHead): Promise<readonly string[]> => {
    const agent = agents.get(task.tenantId, task.agent);
    const scopes = agent === null ? await scopesOfTask(task) : (agent.scopes ?? []);
    if (scopes !== null) return scopes;
    throw new PlatformError(
      "PERMISSION_DENIED",
      `agent "${task.agent}" was deleted, and nothing tells any more which scopes it asked for; an operator may see its tasks`,
    );
  };
  const head: TaskService["head"] = async (scope, taskId) => {
    const found = await tasks.head(scope, taskId);
    if (scope.permissions !== undefined) assertScopes(scope, { name: found.agent, scopes: await scopesOf(found) });
    return found;
  };
  const permit = async (scope: CallerScope, taskId: string): Promise<void> => {
    if (scope.permissions !== undefined) await head(scope, taskId);
  };
  const isGood = async (scope: CallerScope, task: TaskHead): Promise<boolean> => {
    try {
      assertScopes(scope, { name: task.agent, scopes: await scopesOf(task) });
      return true;
    } catch (error) {
      if (PlatformError.is(error) && error.code === "PERMISSION_DENIED") return false;
      throw error;
    }
  };
  /** Who is asked need not see the task otherwise, and is not told either that it is there when their credential is not good for it. */
  const permitDecision = async (scope: CallerScope, taskId: string): Promise<void> => {
    const found = await tasks.head({ ...scope, operator: true }, taskId);
    if (found.caller === scope.caller || scope.operator === true) return permit(scope, taskId);
    if (!(await isGood(scope, found)))
      throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });
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
    held: (tenantId, listed) => tasks.held(tenantId, listed),
    send: guarded((scope, taskId, message: Parameters<TaskService["send"]>[2]) => tasks.send(scope, taskId, message)),
    cancel: guarded((scope, taskId, reason?: string) => tasks.cancel(scope, taskId, reason)),
    retry: guarded((scope, taskId) => tasks.retry(scope, taskId)),
    authorize: guarded((scope, taskId, decision: Parameters<TaskService["authorize"]>[2]) =>
      tasks.authorize(scope, taskId, decision),
    ),
    async decide(scope, taskId, answer, options) {
      if (scope.permissions !== undefined) await permitDecision(scope, taskId);
      return tasks.decide(scope, taskId, answer, options);
    },
    inbox: (scope, request) =>
      tasks.inbox(
        scope,
        scope.permissions === undefined ? request : { ...request, sees: (task) => isGood(scope, task) },
      ),
    signal: guarded((scope, taskId, signal: Parameters<TaskService["signal"]>[2]) =>
      tasks.signal(scope, taskId, signal),
    ),
    replay: guarded((scope, taskId, request?: Parameters<TaskService["replay"]>[2]) =>
      tasks.replay(scope, taskId, request),
    ),
    replayOpen: (scope, agent, request = {}) =>
      tasks.replayOpen(
        scope,
        agent,
        scope.permissions === undefined ? request : { ...request, sees: (task) => isGood(scope, task) },
      ),
    migrate: guarded(
      (
        scope,
        taskId,
        request?: Parameters<TaskService["migrate"]>[2],
        options?: Parameters<TaskService["migrate"]>[3],
      ) => tasks.migrate(scope, taskId, request, options),
    ),
    migrateOpen: (scope, agent, request = {}, options) =>
      tasks.migrateOpen(
        scope,
        agent,
        scope.permissions === undefined ? request : { ...request, sees: (task) => isGood(scope, task) },
        options,
      ),
    fork: guarded((scope, taskId, request?: Parameters<TaskService["fork"]>[2]) => tasks.fork(scope, taskId, request)),
    restorePoints: guarded((scope, taskId, request?: Parameters<TaskService["restorePoints"]>[2]) =>
      tasks.restorePoints(scope, taskId, request),
    ),
    debugging: guarded((scope, taskId) => tasks.debugging(scope, taskId)),
    changeBreakpoints: guarded((scope, taskId, request: Parameters<TaskService["changeBreakpoints"]>[2]) =>
      tasks.changeBreakpoints(scope, taskId, request),
    ),
    release: guarded((scope, taskId, request: Parameters<TaskService["release"]>[2]) =>
      tasks.release(scope, taskId, request),
    ),
    head,
    view: guarded((scope, taskId, options?: Parameters<TaskService["view"]>[2]) => tasks.view(scope, taskId, options)),
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

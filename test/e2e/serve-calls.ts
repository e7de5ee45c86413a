/** The other end of NodeProcess: answers its requests, and ends when the parent is gone. */
import { PlatformError } from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { NodeAnswer, NodeRequest } from "./node-process.ts";

export const serveCalls = (tasks: TaskService, scope: CallerScope): void => {
  const answer = async ({ id, method, args }: NodeRequest): Promise<NodeAnswer> => {
    try {
      const call = tasks[method] as (...all: unknown[]) => Promise<unknown>;
      return { id, value: (await call(scope, ...args)) ?? null };
    } catch (error) {
      const { code, message } = PlatformError.from(error);
      return { id, error: { code, message } };
    }
  };
  process.on("message", (request: NodeRequest) => void answer(request).then((reply) => process.send?.(reply)));
  process.on("disconnect", () => process.exit(0));
};

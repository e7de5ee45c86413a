import { type A2ATask, PlatformError } from "@agentcore/contract";
import type { A2AOperationRunner } from "../server/operations.ts";
import { callLegacy } from "./call.ts";

/** A task as clients of 0.3 read it: what is posted to webhooks that were registered over 0.3. */
export const toLegacyTask = (task: A2ATask): Promise<unknown> => {
  const refuse = async (): Promise<never> => {
    throw new PlatformError("INTERNAL", "a translation asks for the task only");
  };
  // By way of the answer to `tasks/get`: the SDK's translators themselves are private.
  const runner: A2AOperationRunner = {
    unary: async (operation) => (operation === "GetTask" ? task : refuse()),
    stream: refuse,
  };
  return callLegacy(runner, "tasks/get", { id: task.id });
};

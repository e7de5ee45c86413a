import { type Context, PlatformError, type TaskInput } from "@agentcore/sdk";

/** What a query of the agent's own would be answered: the task's log holds the answer, and nothing of what was read for it. */
export const answerAsTask = ({ agent, input }: TaskInput<unknown>, ctx: Context): Promise<unknown> => {
  if (agent === undefined) throw new PlatformError("INTERNAL", "a task of the platform knows its agent");
  return ctx.query({ agent }, input);
};

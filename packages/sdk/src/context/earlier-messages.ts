import type { Context, ModelMessage, TaskInput } from "@agentcore/contract/authoring";

/** Member of a message's metadata: what a client of a door in OpenAI's words says was said, its question the last. */
const CONVERSATION = "https://agentcore.dev/openai/messages";

export interface EarlierOptions {
  /** Tasks at most, 1 to 50. @default 20 */
  readonly maxTasks?: number | undefined;
}

/**
 * What this caller and this agent said before the task, oldest first: as a client that sends its whole conversation says it was, else what the logs of completed
 * tasks of the same context tell. Never another caller's.
 */
export const earlierMessages = async (
  task: Pick<TaskInput<unknown>, "message">,
  ctx: Pick<Context, "memory">,
  { maxTasks = 20 }: EarlierOptions = {},
): Promise<readonly ModelMessage[]> => {
  const told = messagesIn(task.message?.metadata?.[CONVERSATION]);
  if (told.length > 0) return told;
  const turns = await ctx.memory.history({ limit: maxTasks });
  return turns.map(({ role, text }) => ({ role, content: text }));
};

/** Without the question itself. A client may not instruct the agent: messages of the system are left out. */
const messagesIn = (value: unknown): readonly ModelMessage[] =>
  (Array.isArray(value) ? value.slice(0, -1) : []).flatMap((message: unknown) => {
    const { role, content } = (message ?? {}) as { readonly role?: unknown; readonly content?: unknown };
    return (role === "user" || role === "assistant") && typeof content === "string" ? [{ role, content }] : [];
  });

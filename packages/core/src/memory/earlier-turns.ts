/** What was said before in a conversation, as the logs of its tasks tell it: nothing is kept beside them. */
import { type A2ATask, type Part, submissionOf } from "@agentcore/contract";
import type { EarlierTurn } from "@agentcore/contract/authoring";
import type { TaskService } from "../tasks/task-service.ts";
import { OUTPUT_ARTIFACT_ID } from "../tasks/view.ts";

export interface ConversationRequest {
  readonly tenantId: string;
  readonly agent: string;
  readonly caller: string;
  readonly contextId: string;
  /** That asks: it is no earlier one. */
  readonly taskId: string;
  /** Tasks at most, the newest; 1 to 50. */
  readonly limit: number;
}

export type Conversations = Pick<TaskService, "list" | "log">;

/** Characters of one turn: what is longer is no talk. */
const MAX_TURN = 16_384;
// As much as one recall gives.
const MAX_ALL = 256 * 1024;
const MESSAGES = 100;

/** Of tasks that completed, oldest first. Other callers' tasks in a context of the same id are another conversation (I7). */
export const earlierTurns = async (
  tasks: Conversations,
  { tenantId, agent, caller, contextId, taskId, limit }: ConversationRequest,
): Promise<readonly EarlierTurn[]> => {
  const scope = { tenantId, caller };
  const listed = await tasks.list(scope, {
    agent,
    contextId,
    states: ["completed"],
    pageSize: limit,
    views: { historyLength: MESSAGES },
  });
  const turns: EarlierTurn[] = [];
  let characters = 0;
  for (const [index, task] of listed.tasks.entries()) {
    if (task.id === taskId) continue;
    const said = turnsOf(task, await inputOf(tasks, scope, task), listed.heads[index]?.updatedAt ?? 0);
    characters += said.reduce((sum, { text }) => sum + text.length, 0);
    if (characters > MAX_ALL && turns.length > 0) break;
    turns.unshift(...said);
  }
  return turns;
};

/** Of a task that did not come as a message: its history does not say what was asked. */
const inputOf = async (
  tasks: Conversations,
  scope: { readonly tenantId: string; readonly caller: string },
  { id, history = [] }: A2ATask,
): Promise<readonly Part[]> => {
  const [first] = await tasks.log(scope, id, { limit: 1 });
  const data = submissionOf(first)?.data;
  if (data === undefined || data.message !== undefined || data.input === undefined) return [];
  // A long talk: its beginning is not told either.
  if (history.length >= MESSAGES) return [];
  return [typeof data.input === "string" ? { text: data.input } : { data: data.input }];
};

const turnsOf = (
  { id, history = [], artifacts = [] }: A2ATask,
  input: readonly Part[],
  at: number,
): readonly EarlierTurn[] => {
  const output = artifacts.find(({ artifactId }) => artifactId === OUTPUT_ARTIFACT_ID);
  const said = [
    { isUser: true, parts: input },
    ...history.map(({ role, parts }) => ({ isUser: role === "ROLE_USER", parts })),
    ...(output === undefined ? [] : [{ isUser: false, parts: output.parts }]),
  ];
  return said.flatMap(({ isUser, parts }) => {
    const text = textOf(parts);
    return text === "" ? [] : [{ role: isUser ? "user" : "assistant", text, taskId: id, at } as const];
  });
};

const textOf = (parts: readonly Part[]): string => {
  const texts = parts.map(
    ({ text, data }) => text ?? (data === undefined || data === null ? "" : JSON.stringify(data)),
  );
  const whole = texts.filter((text) => text !== "").join("\n");
  return whole.length <= MAX_TURN ? whole : `${whole.slice(0, MAX_TURN)} […]`;
};

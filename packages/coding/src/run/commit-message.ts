import type { TaskInput } from "@agentcore/contract/authoring";
import { inputText } from "@agentcore/sdk";
import { bounded } from "../dialects/coding-event.ts";

/** The first line is what the task says, as far as a subject may be long. */
export const commitMessage = (task: TaskInput<unknown>): string => {
  const text = inputText(task).replaceAll("\0", " ").trim();
  const [first = ""] = text.split("\n");
  const subject = first.length > 72 ? `${first.slice(0, 71)}…` : first || "Work of a coding agent";
  return `${subject}\n\n${text === first && first.length <= 72 ? "" : `${bounded(text, 4_000)}\n\n`}AgentCore-Task: ${task.id}\n`;
};

/** What an agent answers, as people read it: results on stdout, how it goes on stderr. */
import type { A2AMessage, A2ATask, A2ATaskStatus, Part, StreamResponse } from "@agentcore/contract";
import type { ExitCode } from "../command.ts";
import type { Output } from "../output.ts";
import { toPlainLines } from "../plain-text.ts";

export const textOfParts = (parts: readonly Part[]): string =>
  parts
    .map(({ text, url, data, raw, filename }) => {
      if (text !== undefined) return text;
      if (url !== undefined) return url;
      return raw === undefined
        ? JSON.stringify(data ?? null, null, 2)
        : `${filename ?? "bytes"}: ${raw.length} base64 digits`;
    })
    .join("\n");

const saidIn = (status: A2ATaskStatus): string =>
  status.message === undefined ? "" : `: ${textOfParts(status.message.parts)}`;

export const stateLine = (taskId: string, status: A2ATaskStatus): string =>
  `${taskId} ${status.state.replace("TASK_STATE_", "").toLowerCase().replaceAll("_", "-")}${saidIn(status)}`;

export const printTask = (output: Output, task: A2ATask): void => {
  for (const artifact of task.artifacts ?? []) output.line(toPlainLines(textOfParts(artifact.parts)));
  output.say(stateLine(task.id, task.status));
};

export const printMessage = (output: Output, message: A2AMessage): void =>
  output.line(toPlainLines(textOfParts(message.parts)));

export const printFrame = (output: Output, response: StreamResponse): void => {
  if ("task" in response) return printTask(output, response.task);
  if ("message" in response) return printMessage(output, response.message);
  if ("statusUpdate" in response)
    return output.say(stateLine(response.statusUpdate.taskId, response.statusUpdate.status));
  output.line(toPlainLines(textOfParts(response.artifactUpdate.artifact.parts)));
};

const TERMINAL = ["TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_REJECTED"];
const INTERRUPTED = ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"];

export const isTerminal = ({ state }: A2ATaskStatus): boolean => TERMINAL.includes(state);
/** It goes on only when somebody says something. */
export const isInterrupted = ({ state }: A2ATaskStatus): boolean => INTERRUPTED.includes(state);

/** 1 when the task ended without having done what was asked. */
export const exitCodeOf = (status: A2ATaskStatus | undefined): ExitCode =>
  status !== undefined && isTerminal(status) && status.state !== "TASK_STATE_COMPLETED" ? 1 : 0;

export const statusIn = (response: StreamResponse): A2ATaskStatus | undefined => {
  if ("task" in response) return response.task.status;
  return "statusUpdate" in response ? response.statusUpdate.status : undefined;
};

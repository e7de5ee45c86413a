/** The SDK's decoders, without what they lose: a part whose `data` is null comes out of them without any content. */
import { ListTasksResponse, type Message, SendMessageResponse, StreamResponse, Task } from "@a2a-js/sdk";

type Parts = Message["parts"];

/** Parts have exactly one content, so the missing one was null. */
const fill = (parts: Parts | undefined): void => {
  for (const part of parts ?? []) part.content ??= { $case: "data", value: null };
};

const fillTask = (task: Task): Task => {
  fill(task.status?.message?.parts);
  for (const { parts } of [...task.artifacts, ...task.history]) fill(parts);
  return task;
};

export const taskFromJson = (json: unknown): Task => fillTask(Task.fromJSON(json));

export const listTasksResponseFromJson = (json: unknown): ListTasksResponse => {
  const response = ListTasksResponse.fromJSON(json);
  response.tasks.forEach(fillTask);
  return response;
};

export const sendMessageResponseFromJson = (json: unknown): SendMessageResponse =>
  fillPayload(SendMessageResponse.fromJSON(json));

export const streamResponseFromJson = (json: unknown): StreamResponse => fillPayload(StreamResponse.fromJSON(json));

const fillPayload = <Response extends Pick<StreamResponse, "payload"> | SendMessageResponse>(
  response: Response,
): Response => {
  const payload: StreamResponse["payload"] = response.payload;
  if (payload?.$case === "task") fillTask(payload.value);
  else if (payload?.$case === "message") fill(payload.value.parts);
  else if (payload?.$case === "statusUpdate") fill(payload.value.status?.message?.parts);
  else if (payload?.$case === "artifactUpdate") fill(payload.value.artifact?.parts);
  return response;
};

/** What a log says that may have been compacted: its first event is then a summary of those that are gone. */
import type { A2AMessage, TaskEvent, TaskEventOf } from "@agentcore/contract";

/** The submission with its time, whether its own event is still there or not. */
export const submissionIn = (
  events: readonly TaskEvent[],
): Pick<TaskEventOf<"task.submitted">, "at" | "data"> | undefined => {
  const first = events.find((event) => event.type === "task.submitted" || event.type === "log.compacted");
  return first?.type === "log.compacted" ? first.data.submitted : first;
};

/** How many of its events are gone. */
export const compactedCount = (events: readonly TaskEvent[]): number =>
  events.find((event) => event.type === "log.compacted")?.seq ?? 0;

/** Follow-ups and answers, without the submission. */
export const messagesIn = (events: readonly TaskEvent[]): readonly A2AMessage[] => {
  const submitted = submissionIn(events)?.data.message?.messageId;
  return events.flatMap((event) => {
    if (event.type === "message.added") return [event.data.message];
    if (event.type !== "log.compacted") return [];
    return (event.data.task.history ?? []).filter(
      ({ role, messageId }) => role === "ROLE_USER" && messageId !== submitted,
    );
  });
};

/** Names, else ids; each once. */
export const artifactNamesIn = (events: readonly TaskEvent[]): readonly string[] => {
  const artifacts = events.flatMap((event) => {
    if (event.type === "artifact.appended") return [event.data.artifact];
    return event.type === "log.compacted" ? (event.data.task.artifacts ?? []) : [];
  });
  return [...new Set(artifacts.map(({ name, artifactId }) => name ?? artifactId))];
};

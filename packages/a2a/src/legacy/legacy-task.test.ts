import { expect, test } from "vitest";
import { toLegacyTask } from "./legacy-task.ts";

test("a task of 1.0 is told as 0.3 has it", async () => {
  const message = {
    messageId: "m",
    contextId: "c",
    taskId: "t",
    role: "ROLE_AGENT" as const,
    parts: [{ text: "Which?" }],
  };
  const task = await toLegacyTask({
    id: "t",
    contextId: "c",
    status: { state: "TASK_STATE_INPUT_REQUIRED", timestamp: "2026-01-01T00:00:00.000Z", message },
    artifacts: [
      { artifactId: "a", parts: [{ data: { a: 1 } }, { url: "https://example.com/x", mediaType: "text/plain" }] },
    ],
    history: [{ ...message, messageId: "u", role: "ROLE_USER" }],
    metadata: { is: "kept" },
  });
  expect(task).toMatchObject({
    kind: "task",
    id: "t",
    contextId: "c",
    status: {
      state: "input-required",
      message: { kind: "message", role: "agent", parts: [{ kind: "text", text: "Which?" }] },
    },
    artifacts: [
      {
        artifactId: "a",
        parts: [
          { kind: "data", data: { a: 1 } },
          { kind: "file", file: { uri: "https://example.com/x", mimeType: "text/plain" } },
        ],
      },
    ],
    history: [{ kind: "message", messageId: "u", role: "user" }],
    metadata: { is: "kept" },
  });
});

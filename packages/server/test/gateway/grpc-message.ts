let count = 0;

/** A SendMessageRequest of 1.0 as ts-proto has it. */
export const grpcMessage = (text: string, tenant = "", more: Readonly<Record<string, unknown>> = {}) => ({
  tenant,
  configuration: undefined,
  metadata: undefined,
  message: {
    messageId: `grpc-message-${++count}`,
    contextId: "",
    taskId: "",
    role: 1,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    parts: [{ content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "" }],
    ...more,
  },
});

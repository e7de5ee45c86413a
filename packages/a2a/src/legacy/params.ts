/**
 * Params of protocol 0.3 as JSON-RPC has them, checked before they are translated, so that violations name the fields that
 * the client sent. What is required is what 0.3's JSON Schema requires, bounds are those of 1.0. Unknown members are dropped.
 */
import { TaskPushNotificationConfig as Current } from "@agentcore/contract";
import { z } from "zod";

export const Metadata = z.record(z.string(), z.unknown());
export const Id = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed(), { error: "expected text without halves of surrogate pairs" });
export const Base64 = z.base64({ error: "expected base64" });
export const Uri = z.string().min(1).max(8192);
export const MediaType = z.string().max(256);
export const FileName = z.string().max(1024);
export const HistoryLength = z.int().min(0, { error: "expected an integer of 0 or more" });
export const AcceptedOutputModes = z.array(z.string()).max(100);
export const MessageExtensions = z.array(z.string()).max(100);
export const parts = <T extends z.ZodType>(part: T, expected = "expected an array of parts") =>
  z.array(part, { error: expected }).min(1, { error: "expected at least one part" }).max(1000);

const File = z
  .object({
    bytes: Base64.optional(),
    uri: Uri.optional(),
    mimeType: MediaType.optional(),
    name: FileName.optional(),
  })
  .superRefine(({ bytes, uri }, context) => {
    if ((bytes === undefined) === (uri === undefined))
      context.addIssue({ code: "custom", message: "expected exactly one of bytes, uri" });
  });

const Part = z.discriminatedUnion(
  "kind",
  [
    z.object({ kind: z.literal("text"), text: z.string(), metadata: Metadata.optional() }),
    z.object({ kind: z.literal("file"), file: File, metadata: Metadata.optional() }),
    z.object({ kind: z.literal("data"), data: Metadata, metadata: Metadata.optional() }),
  ],
  { error: (issue) => (issue.code === "invalid_union" ? "expected text, file or data" : undefined) },
);

const Message = z.object({
  kind: z.literal("message"),
  messageId: Id,
  contextId: Id.optional(),
  taskId: Id.optional(),
  role: z.enum(["user", "agent"]),
  parts: parts(Part),
  metadata: Metadata.optional(),
  extensions: MessageExtensions.optional(),
  referenceTaskIds: z.array(Id).max(100).optional(),
});

// What 1.0 asks of the same fields, said here: a refusal by 1.0's schema would name fields that 0.3 does not have.
const { id, url, token, authentication } = Current.shape;
const { scheme, credentials } = authentication.unwrap().shape;

export const PushNotificationConfig = z.object({
  ...{ id, url, token },
  authentication: z
    .object({
      // 1.0 knows one: the first is used.
      schemes: z.array(scheme).min(1, { error: "expected at least one scheme" }).max(20),
      credentials,
    })
    .optional(),
});

export const MessageSendParams = z.object({
  message: Message,
  configuration: z
    .object({
      acceptedOutputModes: AcceptedOutputModes.optional(),
      blocking: z.boolean().optional(),
      historyLength: HistoryLength.optional(),
      pushNotificationConfig: PushNotificationConfig.optional(),
    })
    .optional(),
  metadata: Metadata.optional(),
});

export const TaskQueryParams = z.object({ id: Id, historyLength: HistoryLength.optional() });
export const TaskIdParams = z.object({ id: Id, metadata: Metadata.optional() });
export const TaskPushNotificationConfig = z.object({ taskId: Id, pushNotificationConfig: PushNotificationConfig });
export const GetPushNotificationConfigParams = z.object({ id: Id, pushNotificationConfigId: Id.optional() });
export const DeletePushNotificationConfigParams = z.object({ id: Id, pushNotificationConfigId: Id });

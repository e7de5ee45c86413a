/**
 * A2A 0.3's objects on the wire, in both of its forms: the one of its JSON schema, which JSON-RPC has, and the JSON of its proto file (package
 * a2a.v1), which HTTP+JSON has.
 */
import { z } from "zod";
import { exactlyOne, Id, Struct, Text, Texts } from "./wire-shapes.ts";

const LegacyPartShape = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text: Text, metadata: Struct.optional() }),
  z.strictObject({ kind: z.literal("data"), data: z.unknown(), metadata: Struct.optional() }),
  z.strictObject({
    kind: z.literal("file"),
    file: z
      .strictObject({
        ...{ name: Text.optional(), mimeType: Text.optional() },
        ...{ bytes: Text.optional(), uri: Text.optional() },
      })
      .superRefine(exactlyOne("bytes", "uri")),
    metadata: Struct.optional(),
  }),
]);

const LegacyMessageShape = z.strictObject({
  kind: z.literal("message"),
  messageId: Id,
  role: z.enum(["user", "agent"]),
  parts: z.array(LegacyPartShape).min(1),
  contextId: Id.optional(),
  taskId: Id.optional(),
  metadata: Struct.optional(),
  extensions: Texts.optional(),
  referenceTaskIds: Texts.optional(),
});

const LegacyStatusShape = z.strictObject({
  state: z.enum([
    "submitted",
    "working",
    "input-required",
    "auth-required",
    "completed",
    "failed",
    "canceled",
    "rejected",
    "unknown",
  ]),
  message: LegacyMessageShape.optional(),
  timestamp: Text.optional(),
});

export const LegacyTaskShape = z.strictObject({
  kind: z.literal("task"),
  id: Id,
  contextId: Id,
  status: LegacyStatusShape,
  artifacts: z
    .array(
      z.strictObject({
        ...{ artifactId: Id, name: Text.optional(), description: Text.optional() },
        ...{ parts: z.array(LegacyPartShape), metadata: Struct.optional(), extensions: Texts.optional() },
      }),
    )
    .optional(),
  history: z.array(LegacyMessageShape).optional(),
  metadata: Struct.optional(),
});

export const LegacyEventShape = z.union([
  LegacyTaskShape,
  LegacyMessageShape,
  z.strictObject({
    ...{ kind: z.literal("status-update"), taskId: Id, contextId: Id, status: LegacyStatusShape },
    ...{ final: z.boolean(), metadata: Struct.optional() },
  }),
  z.strictObject({
    ...{ kind: z.literal("artifact-update"), taskId: Id, contextId: Id, artifact: z.looseObject({ artifactId: Id }) },
    ...{ append: z.boolean().optional(), lastChunk: z.boolean().optional(), metadata: Struct.optional() },
  }),
]);

// ---- The JSON of the proto file

const ProtoPartShape = z
  .strictObject({
    text: Text.optional(),
    file: z
      .strictObject({
        ...{ fileWithUri: Text.optional(), fileWithBytes: Text.optional() },
        ...{ mimeType: Text.optional(), name: Text.optional() },
      })
      .superRefine(exactlyOne("fileWithUri", "fileWithBytes"))
      .optional(),
    data: z.strictObject({ data: Struct }).optional(),
    metadata: Struct.optional(),
  })
  .superRefine(exactlyOne("text", "file", "data"));

const ProtoMessageShape = z.strictObject({
  messageId: Id,
  contextId: Text.optional(),
  taskId: Text.optional(),
  role: z.enum(["ROLE_USER", "ROLE_AGENT"]),
  content: z.array(ProtoPartShape).min(1),
  metadata: Struct.optional(),
  extensions: Texts.optional(),
});

const ProtoStatusShape = z.strictObject({
  state: z.enum([
    "TASK_STATE_UNSPECIFIED",
    "TASK_STATE_SUBMITTED",
    "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    // With two L, unlike 1.0's.
    "TASK_STATE_CANCELLED",
    "TASK_STATE_INPUT_REQUIRED",
    "TASK_STATE_REJECTED",
    "TASK_STATE_AUTH_REQUIRED",
  ]),
  message: ProtoMessageShape.optional(),
  timestamp: Text.optional(),
});

const ProtoArtifactShape = z.strictObject({
  ...{ artifactId: Id, name: Text.optional(), description: Text.optional() },
  ...{ parts: z.array(ProtoPartShape), metadata: Struct.optional(), extensions: Texts.optional() },
});

export const ProtoTaskShape = z.strictObject({
  id: Id,
  contextId: Id,
  status: ProtoStatusShape,
  artifacts: z.array(ProtoArtifactShape).optional(),
  history: z.array(ProtoMessageShape).optional(),
  metadata: Struct.optional(),
});

/** ProtoJSON may leave out what is false. */
export const ProtoEventShape = z
  .strictObject({
    task: ProtoTaskShape.optional(),
    message: ProtoMessageShape.optional(),
    statusUpdate: z
      .strictObject({
        ...{ taskId: Id, contextId: Id, status: ProtoStatusShape },
        ...{ final: z.boolean().optional(), metadata: Struct.optional() },
      })
      .optional(),
    artifactUpdate: z
      .strictObject({
        ...{ taskId: Id, contextId: Id, artifact: ProtoArtifactShape },
        ...{ append: z.boolean().optional(), lastChunk: z.boolean().optional(), metadata: Struct.optional() },
      })
      .optional(),
  })
  .superRefine(exactlyOne("task", "message", "statusUpdate", "artifactUpdate"));

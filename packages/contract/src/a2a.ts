/**
 * The data model of A2A 1.0 in its JSON form (ProtoJSON, camelCase), as it stands on the wire and in task logs.
 * Source: A2A specification 1.0.1, sections 4 and 5.5. Unknown members are dropped, as the specification asks of readers.
 */
import { z } from "zod";

/** Versions of the protocol that a node speaks, newest first. */
export const A2A_VERSIONS = ["1.0", "0.3"] as const;
export type A2AVersion = (typeof A2A_VERSIONS)[number];

const Metadata = z.record(z.string(), z.unknown());
/** Stores and addresses are UTF-8, where every half of a surrogate pair would become the same character. */
const isText = (text: string): boolean => text.isWellFormed();
const TEXT = { error: "expected text without halves of surrogate pairs" };
const Id = z.string().min(1).max(256).refine(isText, TEXT);

const PartFields = {
  metadata: Metadata.optional(),
  filename: z.string().max(1024).optional(),
  mediaType: z.string().max(256).optional(),
};

/** Exactly one of `text`, `raw` (base64), `url`, `data` (any JSON value, also null). */
export const Part = z
  .object({
    text: z.string().optional(),
    raw: z.base64({ error: "expected base64" }).optional(),
    url: z.string().min(1).max(8192).optional(),
    data: z.unknown().optional(),
    ...PartFields,
  })
  .superRefine((part, context) => {
    const present = (["text", "raw", "url", "data"] as const).filter((key) => part[key] !== undefined);
    if (present.length !== 1) {
      context.addIssue({
        code: "custom",
        message: `expected exactly one of text, raw, url, data; found ${present.join(", ") || "none"}`,
      });
    }
  });
export type Part = z.infer<typeof Part>;

const Parts = z.array(Part).min(1, { error: "expected at least one part" }).max(1000);

export const Role = z.enum(["ROLE_USER", "ROLE_AGENT"]);
export type Role = z.infer<typeof Role>;

/** A turn of the conversation. Named after A2A's `Message`; what moves on the bus is `Message`. */
export const A2AMessage = z.object({
  messageId: Id,
  contextId: Id.optional(),
  taskId: Id.optional(),
  role: Role,
  parts: Parts,
  metadata: Metadata.optional(),
  extensions: z.array(z.string()).max(100).optional(),
  referenceTaskIds: z.array(Id).max(100).optional(),
});
export type A2AMessage = z.infer<typeof A2AMessage>;

export const Artifact = z.object({
  artifactId: Id,
  name: z.string().max(1024).optional(),
  description: z.string().optional(),
  parts: Parts,
  metadata: Metadata.optional(),
  extensions: z.array(z.string()).optional(),
});
export type Artifact = z.infer<typeof Artifact>;

export const A2A_TASK_STATES = [
  "TASK_STATE_SUBMITTED",
  "TASK_STATE_WORKING",
  "TASK_STATE_INPUT_REQUIRED",
  "TASK_STATE_AUTH_REQUIRED",
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_REJECTED",
] as const;
export const A2ATaskState = z.enum(A2A_TASK_STATES);
export type A2ATaskState = z.infer<typeof A2ATaskState>;

export const A2ATaskStatus = z.object({
  state: A2ATaskState,
  message: A2AMessage.optional(),
  timestamp: z.iso.datetime().optional(),
});
export type A2ATaskStatus = z.infer<typeof A2ATaskStatus>;

export const A2ATask = z.object({
  id: Id,
  contextId: Id.optional(),
  status: A2ATaskStatus,
  artifacts: z.array(Artifact).optional(),
  history: z.array(A2AMessage).optional(),
  metadata: Metadata.optional(),
});
export type A2ATask = z.infer<typeof A2ATask>;

export const TaskStatusUpdateEvent = z.object({
  taskId: Id,
  contextId: Id,
  status: A2ATaskStatus,
  metadata: Metadata.optional(),
});
export type TaskStatusUpdateEvent = z.infer<typeof TaskStatusUpdateEvent>;

export const TaskArtifactUpdateEvent = z.object({
  taskId: Id,
  contextId: Id,
  artifact: Artifact,
  append: z.boolean().optional(),
  lastChunk: z.boolean().optional(),
  metadata: Metadata.optional(),
});
export type TaskArtifactUpdateEvent = z.infer<typeof TaskArtifactUpdateEvent>;

/** One frame of a stream: exactly one member is set. */
export type StreamResponse =
  | { readonly task: A2ATask }
  | { readonly message: A2AMessage }
  | { readonly statusUpdate: TaskStatusUpdateEvent }
  | { readonly artifactUpdate: TaskArtifactUpdateEvent };

// Both go into a header of a request to somebody else: nothing in them may begin another header.
const HeaderText = z.string().regex(/^[\x20-\x7e]*$/, { error: "expected visible ASCII characters" });
const SCHEME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Names that do not resolve yet may be registered, and addresses are judged when they are connected to.
const WEBHOOK_URL = /^https?:\/\/[^\s/?#\\@]+([/?#]\S*)?$/i;
const PUSH_CONFIG_ID = /^[^\p{Cc}]*$/u;

/** Where events of a task are to be posted. Empty texts count as absent, as proto3 has it. */
export const TaskPushNotificationConfig = z.object({
  tenant: z.string().max(256).optional(),
  /** Made when absent. The same one again changes the configuration. */
  id: z
    .string()
    .max(256)
    .regex(PUSH_CONFIG_ID, { error: "expected no control characters" })
    .refine(isText, TEXT)
    .optional(),
  taskId: Id,
  url: z
    .url({ error: "expected an http or https URL" })
    .max(2048)
    .regex(WEBHOOK_URL, { error: "expected an http or https URL without a user or password" }),
  /** Sent along as it is, in a header of its own. */
  token: HeaderText.max(4096).optional(),
  authentication: z
    .object({
      /** "Bearer", "Basic" … */
      scheme: z.string().max(64).regex(SCHEME, { error: "expected the name of an HTTP authentication scheme" }),
      credentials: HeaderText.max(8192).optional(),
    })
    .optional(),
});
export type TaskPushNotificationConfig = z.infer<typeof TaskPushNotificationConfig>;

/** In a message: the task is the one that the message is for. */
export const InlinePushNotificationConfig = TaskPushNotificationConfig.extend({
  taskId: z.string().max(256).optional(),
});
export type InlinePushNotificationConfig = z.infer<typeof InlinePushNotificationConfig>;

const PageSize = z.int().min(1, { error: "expected 1 to 100" }).max(100, { error: "expected 1 to 100" });
const HistoryLength = z.int().min(0, { error: "expected an integer of 0 or more" });

export const SendMessageRequest = z.object({
  tenant: z.string().max(256).optional(),
  message: A2AMessage,
  configuration: z
    .object({
      acceptedOutputModes: z.array(z.string()).max(100).optional(),
      taskPushNotificationConfig: InlinePushNotificationConfig.optional(),
      historyLength: HistoryLength.optional(),
      returnImmediately: z.boolean().optional(),
    })
    .optional(),
  metadata: Metadata.optional(),
});
export type SendMessageRequest = z.infer<typeof SendMessageRequest>;

export const GetTaskRequest = z.object({
  tenant: z.string().optional(),
  id: Id,
  historyLength: HistoryLength.optional(),
});
export const CancelTaskRequest = z.object({ tenant: z.string().optional(), id: Id, metadata: Metadata.optional() });
export const SubscribeToTaskRequest = z.object({ tenant: z.string().optional(), id: Id });
export const GetExtendedAgentCardRequest = z.object({ tenant: z.string().optional() });

export const GetTaskPushNotificationConfigRequest = z.object({ tenant: z.string().optional(), taskId: Id, id: Id });
export const DeleteTaskPushNotificationConfigRequest = z.object({ tenant: z.string().optional(), taskId: Id, id: Id });
export const ListTaskPushNotificationConfigsRequest = z.object({
  tenant: z.string().optional(),
  taskId: Id,
  /** 0 is unset: unlike the one of ListTasks, this field of the proto file has no presence. */
  pageSize: z.literal(0).or(PageSize).optional(),
  pageToken: z.string().max(1024).optional(),
});

export const ListTasksRequest = z.object({
  tenant: z.string().optional(),
  contextId: Id.optional(),
  status: A2ATaskState.optional(),
  pageSize: PageSize.optional(),
  pageToken: z.string().max(1024).optional(),
  historyLength: HistoryLength.optional(),
  /** Inclusive (>=), ISO 8601. */
  statusTimestampAfter: z.iso.datetime({ offset: true }).optional(),
  includeArtifacts: z.boolean().optional(),
});
export type ListTasksRequest = z.infer<typeof ListTasksRequest>;

export const AgentSkill = z.object({
  id: Id,
  name: z.string().min(1),
  description: z.string(),
  tags: z.array(z.string()),
  examples: z.array(z.string()).optional(),
  inputModes: z.array(z.string()).optional(),
  outputModes: z.array(z.string()).optional(),
});
export type AgentSkill = z.infer<typeof AgentSkill>;

export const AgentExtension = z.object({
  // It goes into a header of comma-separated URIs.
  uri: z.url().regex(/^[!-+\--~]+$/, { error: "expected a URI without commas and spaces" }),
  description: z.string().optional(),
  /** Clients that do not list it are refused. */
  required: z.boolean().optional(),
  params: Metadata.optional(),
});
export type AgentExtension = z.infer<typeof AgentExtension>;

const SecuritySchemes = {
  apiKeySecurityScheme: z.object({
    description: z.string().optional(),
    location: z.enum(["query", "header", "cookie"]),
    name: z.string(),
  }),
  httpAuthSecurityScheme: z.object({
    description: z.string().optional(),
    scheme: z.string(),
    bearerFormat: z.string().optional(),
  }),
  oauth2SecurityScheme: z.object({
    description: z.string().optional(),
    // One flow a scheme.
    flows: z.record(z.string(), z.unknown()),
    oauth2MetadataUrl: z.string().optional(),
  }),
  openIdConnectSecurityScheme: z.object({ description: z.string().optional(), openIdConnectUrl: z.string() }),
  mtlsSecurityScheme: z.object({ description: z.string().optional() }),
};

/** Exactly one member is set. */
export const SecurityScheme = z.object(SecuritySchemes).partial();
export type SecurityScheme = z.infer<typeof SecurityScheme>;

/** All schemes of one requirement together; of several requirements any one will do. */
export const SecurityRequirement = z.object({
  schemes: z.record(z.string(), z.object({ list: z.array(z.string()).optional() })),
});
export type SecurityRequirement = z.infer<typeof SecurityRequirement>;

export const AgentCard = z.object({
  name: z.string().min(1),
  description: z.string(),
  supportedInterfaces: z
    .array(
      z.object({
        url: z.string(),
        protocolBinding: z.string(),
        tenant: z.string().optional(),
        protocolVersion: z.string(),
      }),
    )
    .min(1),
  provider: z.object({ url: z.string(), organization: z.string() }).optional(),
  version: z.string(),
  documentationUrl: z.string().optional(),
  capabilities: z.object({
    streaming: z.boolean().optional(),
    pushNotifications: z.boolean().optional(),
    extendedAgentCard: z.boolean().optional(),
    extensions: z.array(AgentExtension).optional(),
  }),
  securitySchemes: z.record(z.string(), SecurityScheme).optional(),
  securityRequirements: z.array(SecurityRequirement).optional(),
  defaultInputModes: z.array(z.string()).min(1),
  defaultOutputModes: z.array(z.string()).min(1),
  skills: z.array(AgentSkill).min(1),
  /** JWS over the card's canonical form (A2A 8.4). */
  signatures: z
    .array(z.object({ protected: z.string(), signature: z.string(), header: Metadata.optional() }))
    .optional(),
  iconUrl: z.string().optional(),
});
export type AgentCard = z.infer<typeof AgentCard>;

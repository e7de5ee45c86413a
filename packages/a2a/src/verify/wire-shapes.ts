/**
 * What A2A's objects look like on the wire, to the letter: validators in the field refuse members they do not know. Source: a2a.proto of
 * A2A 1.0.1, and for the card of 0.3 its JSON schema.
 */
import { z } from "zod";
import { found } from "./check.ts";
import { shown } from "./json-values.ts";

export const Text = z.string();
export const Id = z.string().min(1);
export const Struct = z.record(z.string(), z.unknown());
export const Texts = z.array(Text);
// ProtoJSON writes 0, 3, 6 or 9 digits.
const Timestamp = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3}|\.\d{6}|\.\d{9})?Z$/, {
  error: "expected ISO 8601 in UTC with Z",
});

export const exactlyOne =
  (...names: readonly string[]) =>
  (value: object, context: z.RefinementCtx): void => {
    const present = names.filter((name) => Object.hasOwn(value, name));
    if (present.length !== 1)
      context.addIssue({
        code: "custom",
        message: `expected exactly one of ${names.join(", ")}, found ${present.join(", ") || "none"}`,
      });
  };

export const PartShape = z
  .strictObject({
    text: Text.optional(),
    raw: z.base64().optional(),
    url: Text.optional(),
    data: z.unknown().optional(),
    metadata: Struct.optional(),
    filename: Text.optional(),
    mediaType: Text.optional(),
  })
  .superRefine(exactlyOne("text", "raw", "url", "data"));

export const MessageShape = z.strictObject({
  messageId: Id,
  contextId: Id.optional(),
  taskId: Id.optional(),
  role: z.enum(["ROLE_USER", "ROLE_AGENT"]),
  parts: z.array(PartShape).min(1),
  metadata: Struct.optional(),
  extensions: Texts.optional(),
  referenceTaskIds: Texts.optional(),
});

const ArtifactShape = z.strictObject({
  artifactId: Id,
  name: Text.optional(),
  description: Text.optional(),
  parts: z.array(PartShape).min(1),
  metadata: Struct.optional(),
  extensions: Texts.optional(),
});

export const INTERRUPTED_STATES = ["TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"] as const;
export const TERMINAL_STATES = [
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_REJECTED",
] as const;

const StatusShape = z.strictObject({
  state: z.enum(["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", ...INTERRUPTED_STATES, ...TERMINAL_STATES]),
  message: MessageShape.optional(),
  timestamp: Timestamp.optional(),
});

export const TaskShape = z.strictObject({
  id: Id,
  contextId: Id.optional(),
  status: StatusShape,
  artifacts: z
    .array(ArtifactShape)
    .refine((all) => new Set(all.map(({ artifactId }) => artifactId)).size === all.length, {
      error: "expected every artifactId once",
    })
    .optional(),
  history: z.array(MessageShape).optional(),
  metadata: Struct.optional(),
});

export const SendResultShape = z
  .strictObject({ task: TaskShape.optional(), message: MessageShape.optional() })
  .superRefine(exactlyOne("task", "message"));

export const ListResultShape = z.strictObject({
  tasks: z.array(TaskShape),
  nextPageToken: Text,
  pageSize: z.int(),
  totalSize: z.int().min(0),
});

export const StreamResponseShape = z
  .strictObject({
    task: TaskShape.optional(),
    message: MessageShape.optional(),
    statusUpdate: z
      .strictObject({ taskId: Id, contextId: Id, status: StatusShape, metadata: Struct.optional() })
      .optional(),
    artifactUpdate: z
      .strictObject({
        ...{ taskId: Id, contextId: Id, artifact: ArtifactShape, metadata: Struct.optional() },
        ...{ append: z.boolean().optional(), lastChunk: z.boolean().optional() },
      })
      .optional(),
  })
  .superRefine(exactlyOne("task", "message", "statusUpdate", "artifactUpdate"));

export const PushConfigShape = z.strictObject({
  tenant: Text.optional(),
  id: Id,
  taskId: Id,
  url: Text,
  token: Text.optional(),
  authentication: z.strictObject({ scheme: Text, credentials: Text.optional() }).optional(),
});

export const PushConfigListShape = z.strictObject({
  configs: z.array(PushConfigShape),
  nextPageToken: Text.optional(),
});

// ---- cards

const OAuthFlow = z
  .strictObject({
    authorizationCode: z
      .strictObject({
        ...{ authorizationUrl: Text, tokenUrl: Text, refreshUrl: Text.optional() },
        ...{ scopes: z.record(z.string(), Text), pkceRequired: z.boolean().optional() },
      })
      .optional(),
    clientCredentials: z
      .strictObject({ tokenUrl: Text, refreshUrl: Text.optional(), scopes: z.record(z.string(), Text) })
      .optional(),
    deviceCode: z
      .strictObject({
        ...{ deviceAuthorizationUrl: Text, tokenUrl: Text, refreshUrl: Text.optional() },
        scopes: z.record(z.string(), Text),
      })
      .optional(),
    implicit: Struct.optional(),
    password: Struct.optional(),
  })
  .superRefine(exactlyOne("authorizationCode", "clientCredentials", "deviceCode", "implicit", "password"));

const described = { description: Text.optional() };
const SecuritySchemeShape = z
  .strictObject({
    apiKeySecurityScheme: z
      .strictObject({ ...described, location: z.enum(["query", "header", "cookie"]), name: Id })
      .optional(),
    httpAuthSecurityScheme: z.strictObject({ ...described, scheme: Id, bearerFormat: Text.optional() }).optional(),
    oauth2SecurityScheme: z
      .strictObject({ ...described, flows: OAuthFlow, oauth2MetadataUrl: Text.optional() })
      .optional(),
    openIdConnectSecurityScheme: z.strictObject({ ...described, openIdConnectUrl: Id }).optional(),
    mtlsSecurityScheme: z.strictObject(described).optional(),
  })
  .superRefine(
    exactlyOne(
      ...["apiKeySecurityScheme", "httpAuthSecurityScheme", "oauth2SecurityScheme"],
      ...["openIdConnectSecurityScheme", "mtlsSecurityScheme"],
    ),
  );

const RequirementShape = z.strictObject({
  schemes: z.record(z.string(), z.strictObject({ list: Texts.optional() })).optional(),
});

const CapabilitiesMembers = {
  streaming: z.boolean().optional(),
  pushNotifications: z.boolean().optional(),
  extensions: z
    .array(
      z.strictObject({
        ...{ uri: Text.optional(), description: Text.optional() },
        ...{ required: z.boolean().optional(), params: Struct.optional() },
      }),
    )
    .optional(),
  extendedAgentCard: z.boolean().optional(),
};

const SkillMembers = {
  id: Id,
  name: Id,
  description: Text,
  tags: Texts.min(1),
  examples: Texts.optional(),
  inputModes: Texts.optional(),
  outputModes: Texts.optional(),
  securityRequirements: z.array(RequirementShape).optional(),
};

const CardMembers = {
  name: Id,
  description: Text,
  supportedInterfaces: z
    .array(z.strictObject({ url: Id, protocolBinding: Id, tenant: Text.optional(), protocolVersion: Id }))
    .min(1),
  provider: z.strictObject({ url: Text, organization: Text }).optional(),
  version: Text,
  documentationUrl: Text.optional(),
  securitySchemes: z.record(z.string(), SecuritySchemeShape).optional(),
  securityRequirements: z.array(RequirementShape).optional(),
  defaultInputModes: Texts.min(1),
  defaultOutputModes: Texts.min(1),
  signatures: z.array(z.strictObject({ protected: Id, signature: Id, header: Struct.optional() })).optional(),
  iconUrl: Text.optional(),
};

export const CardShape = z.strictObject({
  ...CardMembers,
  capabilities: z.strictObject(CapabilitiesMembers),
  skills: z.array(z.strictObject(SkillMembers)).min(1),
});

/** A card that clients of 0.3 read; what 1.0 has beside it they skip. */
export const LegacyCardShape = z.looseObject({
  name: Id,
  description: Text,
  url: Id,
  protocolVersion: z.string().regex(/^0\.[23](\.\d+)?$/, { error: "expected 0.3.x" }),
  preferredTransport: Text.optional(),
  additionalInterfaces: z.array(z.looseObject({ url: Id, transport: Id })).optional(),
  version: Text,
  capabilities: z.looseObject({}),
  defaultInputModes: Texts,
  defaultOutputModes: Texts,
  skills: z.array(z.looseObject({ id: Id, name: Id, description: Text, tags: Texts })),
});

/** Every difference, so that one look at the report is enough. */
export const expectShape = (shape: z.ZodType, value: unknown, what: string): void => {
  const result = shape.safeParse(value);
  if (result.success) return;
  const issues = result.error.issues.map(({ path, message }) => `${path.join(".") || what}: ${message}`);
  found(shown(issues.join("; ")), `${what} as A2A defines it, without a member more or less`);
};

/** What results of protocol 0.3 are made of, in their JSON-RPC form, as far as they are read here. */
type Json = Readonly<Record<string, unknown>>;

interface LegacyFile {
  readonly bytes?: string | undefined;
  readonly uri?: string | undefined;
  readonly mimeType?: string | undefined;
  readonly name?: string | undefined;
}

export type LegacyPart = { readonly metadata?: Json | undefined } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly file: LegacyFile }
  | { readonly kind: "data"; readonly data: Json }
);

export interface LegacyMessage {
  readonly kind: "message";
  readonly messageId: string;
  readonly contextId?: string | undefined;
  readonly taskId?: string | undefined;
  readonly role: "user" | "agent";
  readonly parts: readonly LegacyPart[];
  readonly metadata?: Json | undefined;
  readonly extensions?: readonly string[] | undefined;
}

export interface LegacyStatus {
  readonly state: string;
  readonly message?: LegacyMessage | undefined;
  readonly timestamp?: string | undefined;
}

export interface LegacyArtifact {
  readonly parts: readonly LegacyPart[];
  readonly [member: string]: unknown;
}

export interface LegacyTask {
  readonly kind: "task";
  readonly id: string;
  readonly contextId: string;
  readonly status: LegacyStatus;
  readonly artifacts?: readonly LegacyArtifact[] | undefined;
  readonly history?: readonly LegacyMessage[] | undefined;
  readonly metadata?: Json | undefined;
}

export interface LegacyStatusUpdate {
  readonly kind: "status-update";
  readonly status: LegacyStatus;
  readonly final: boolean;
  readonly [member: string]: unknown;
}

export interface LegacyArtifactUpdate {
  readonly kind: "artifact-update";
  readonly artifact: LegacyArtifact;
  readonly [member: string]: unknown;
}

export type LegacyResult = LegacyTask | LegacyMessage | LegacyStatusUpdate | LegacyArtifactUpdate;

export interface LegacyTaskConfig {
  readonly taskId: string;
  readonly pushNotificationConfig: { readonly id?: string | undefined; readonly [member: string]: unknown };
}

import type { AuthContext, Message } from "@agentcore/contract";
import type { AgentRecord } from "../registry/index.ts";
import type { MessageDraft } from "./message-draft.ts";

/** A message on its last metre. Only the bus makes one: hosts refuse whatever `isDelivered` does not vouch for (I8). */
export interface Delivered extends Message {
  readonly [DELIVERED]: true;
}
declare const DELIVERED: unique symbol;

const SUBSCRIBERS = Symbol("subscribers");

// Set from inside the class, the only place that sees the private field; not exported from bus/index.ts.
let stamp: (message: Envelope, to: AgentRecord | typeof SUBSCRIBERS) => Delivered;
let recipientOf: (value: unknown) => AgentRecord | typeof SUBSCRIBERS | undefined;

/**
 * The message while it is in the bus. Its recipient is a private field, written at delivery: a copy, a literal, a proxy or
 * an envelope that has not passed the chain has none, and one delivered to A does not open B.
 */
export class Envelope implements Message {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly type: Message["type"];
  readonly payload: unknown;
  readonly timestamp: number;
  readonly correlationId: string | undefined;
  readonly priority: Message["priority"];
  readonly schemaVersion: string;
  readonly tenantId: string;
  traceparent: string | undefined;
  readonly idempotencyKey: string | undefined;
  deadline: number | undefined;
  auth: AuthContext | undefined;
  readonly taskId: string | undefined;
  #to: AgentRecord | typeof SUBSCRIBERS | undefined = undefined;

  constructor(draft: MessageDraft, type: Message["type"], target: string, id: string, timestamp: number) {
    this.id = id;
    this.source = draft.source;
    this.target = target;
    this.type = type;
    this.payload = draft.payload;
    this.timestamp = timestamp;
    this.correlationId = draft.correlationId;
    this.priority = draft.priority ?? "normal";
    this.schemaVersion = draft.schemaVersion ?? "1.0";
    this.tenantId = draft.tenantId;
    this.traceparent = draft.traceparent;
    this.idempotencyKey = draft.idempotencyKey;
    this.deadline = draft.deadline;
    this.auth = draft.auth;
    this.taskId = draft.taskId;
  }

  static {
    stamp = (message, to) => {
      message.#to = to;
      return message as unknown as Delivered;
    };
    recipientOf = (value) => (typeof value === "object" && value !== null && #to in value ? value.#to : undefined);
  }
}

export const stampForAgent = (message: Envelope, record: AgentRecord): Delivered => stamp(message, record);
export const stampForSubscribers = (message: Envelope): Delivered => stamp(message, SUBSCRIBERS);

/** True when the bus delivered this very object, and delivered it to `agent` of the message's tenant when one is given. */
export const isDelivered = (
  value: unknown,
  agent?: { readonly tenantId: string; readonly name: string },
): value is Delivered => {
  const to = recipientOf(value);
  if (to === undefined) return false;
  if (agent === undefined) return true;
  return typeof to === "object" && to.tenantId === agent.tenantId && to.name === agent.name;
};

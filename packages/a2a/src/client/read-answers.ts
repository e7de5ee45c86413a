/**
 * What agents answer, in the contract's shapes. Agents in the field say less than A2A asks for, or say it otherwise (a time zone
 * in a timestamp, a message without parts, an empty last chunk): that is made good here. What has no meaning is refused.
 */
import {
  A2AMessage,
  A2ATask,
  PlatformError,
  type StreamResponse,
  TaskArtifactUpdateEvent,
  TaskStatusUpdateEvent,
} from "@agentcore/contract";
import type { z } from "zod";
import { RESUMABLE_STREAMS } from "./resumable-streams.ts";

export type SendAnswer = { readonly task: A2ATask } | { readonly message: A2AMessage };

export interface ReceivedFrame {
  readonly response: StreamResponse;
  /** Number of the event that is complete with this frame, when the agent numbers its events. */
  readonly seq?: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = <T extends z.ZodType>(schema: T, json: unknown, what: string): z.output<T> => {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? "" : `: ${issue.path.join(".")}: ${issue.message}`;
  throw new PlatformError("INVALID_AGENT_RESPONSE", `the agent's ${what} is not valid${where}`);
};

const hasParts = (value: unknown): boolean =>
  isObject(value) && Array.isArray(value["parts"]) && value["parts"].length > 0;

/** Null, which the SDK reads as nothing at all. */
const mendPart = (part: unknown): unknown =>
  isObject(part) && !["text", "raw", "url", "data"].some((key) => part[key] !== undefined)
    ? { ...part, data: null }
    : part;

const mendParts = (value: unknown): unknown =>
  isObject(value) && Array.isArray(value["parts"]) ? { ...value, parts: value["parts"].map(mendPart) } : value;

const mendStatus = (status: unknown): unknown => {
  if (!isObject(status)) return status;
  const { timestamp, message, ...rest } = status;
  const at = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return {
    ...rest,
    ...(Number.isNaN(at) ? {} : { timestamp: new Date(at).toISOString() }),
    ...(hasParts(message) ? { message: mendParts(message) } : {}),
  };
};

const mendList = (list: unknown): unknown => (Array.isArray(list) ? list.filter(hasParts).map(mendParts) : list);

const mendTask = (task: unknown): unknown =>
  isObject(task)
    ? {
        ...task,
        status: mendStatus(task["status"]),
        artifacts: mendList(task["artifacts"]),
        history: mendList(task["history"]),
      }
    : task;

/** Of an event that does not say it: nobody who reads one task's stream needs it. */
const withContext = (event: Json): Json => ({ ...event, contextId: event["contextId"] ?? event["taskId"] });

/** Throws INVALID_AGENT_RESPONSE. */
export const readTask = (json: unknown): A2ATask => parse(A2ATask, mendTask(json), "task");

export const readMessage = (json: unknown): A2AMessage => parse(A2AMessage, mendParts(json), "message");

/** Null for a frame that says nothing. Throws INVALID_AGENT_RESPONSE. */
export const readFrame = (json: unknown): ReceivedFrame | null => {
  if (!isObject(json))
    throw new PlatformError("INVALID_AGENT_RESPONSE", "the agent's stream has a frame that is no object");
  const { task, message, statusUpdate, artifactUpdate } = json;
  if (isObject(task)) {
    const read = readTask(task);
    return { response: { task: read }, seq: seqOf(read.metadata) };
  }
  if (message !== undefined) return hasParts(message) ? { response: { message: readMessage(message) } } : null;
  if (isObject(statusUpdate)) {
    const mended = { ...withContext(statusUpdate), status: mendStatus(statusUpdate["status"]) };
    const read = parse(TaskStatusUpdateEvent, mended, "status update");
    return { response: { statusUpdate: read }, seq: seqOf(read.metadata) };
  }
  if (isObject(artifactUpdate)) {
    if (!hasParts(artifactUpdate["artifact"])) return null;
    const mended = { ...withContext(artifactUpdate), artifact: mendParts(artifactUpdate["artifact"]) };
    const read = parse(TaskArtifactUpdateEvent, mended, "artifact update");
    return { response: { artifactUpdate: read }, seq: seqOf(read.metadata) };
  }
  return null;
};

const seqOf = (metadata: Json | undefined): number | undefined => {
  const own = metadata?.[RESUMABLE_STREAMS];
  const seq = isObject(own) ? own["seq"] : undefined;
  return typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0 ? seq : undefined;
};

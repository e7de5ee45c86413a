/** A task event in words: what `logs` prints after time and type. */
import type { TaskEvent, TaskEventOf } from "@agentcore/contract";
import { callName } from "./call-name.ts";
import { formatTimestamp } from "./format-time.ts";
import { promptOf, textOf } from "./task-outcome.ts";

// Enough to recognise a value; all of it is in `-o json`.
const MAX_VALUE_LENGTH = 200;

const short = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH - 1)}…` : text;
};

/** What `agentcore authorize --reference` takes. */
const describeReference = ({ reference }: { readonly reference?: string | undefined }): string =>
  reference === undefined ? "" : `\nReference: ${reference}`;

export const describeEvent = (event: TaskEvent): string => {
  switch (event.type) {
    case "task.submitted":
      return `agent ${event.data.agent}, by ${event.data.caller}, input ${short(event.data.input)}`;
    case "task.assigned":
      return `to node ${event.data.node}, attempt ${event.data.attempt}`;
    case "task.started":
      return "";
    case "task.progressed":
      return describeProgress(event.data);
    case "task.inputRequired":
      return promptOf(event.data.prompt);
    case "task.authRequired":
      return `${promptOf(event.data.prompt)}${describeReference(event.data.authorization)}`;
    case "task.resumed":
      return `by ${event.data.reason}`;
    case "task.cancelRequested":
      return `by ${event.data.by}${event.data.reason === undefined ? "" : `: ${event.data.reason}`}`;
    case "task.deadlinePassed":
      return `it was ${formatTimestamp(event.data.deadline)}`;
    case "task.completed":
      return short(event.data.output);
    case "task.failed":
    case "task.rejected":
    case "task.parked":
      return `${event.data.error.code}: ${event.data.error.message}`;
    case "task.migrated":
      return `${describeMigration(event.data)}${describeRules(event.data.rules)}`;
    case "task.migrationRefused":
      return `${describeMigration(event.data)}: ${event.data.reason}`;
    case "task.canceled":
      return describeCanceled(event.data);
    case "artifact.appended":
      return event.data.artifact.name ?? event.data.artifact.artifactId;
    case "message.added":
      return `${event.data.message.role === "ROLE_USER" ? "user" : "agent"}: ${short(textOf(event.data.message.parts))}`;
    case "signal.received":
      return `${event.data.name} by ${event.data.by}${event.data.payload === undefined ? "" : `: ${short(event.data.payload)}`}`;
    case "signal.refused":
      return `${event.data.name}: ${event.data.reason}`;
    case "step.started":
      return `${callName(event.data)}${describeWait(event.data)}`;
    case "step.completed":
      return `${callName(event.data)} -> ${short(event.data.result)}`;
    case "step.failed":
      return `${callName(event.data)}, attempt ${event.data.attempt}, ${event.data.error.code}: ${event.data.error.message}${
        event.data.retryAt === undefined ? "" : `; again at ${formatTimestamp(event.data.retryAt)}`
      }`;
    case "decision.made":
      return `${event.data.kind}: ${event.data.choice ?? "nobody"}${event.data.reasons.map((reason) => `; ${reason}`).join("")}`;
    case "approval.answered":
      return `${event.data.by}: ${event.data.choice}${describeComment(event.data)}`;
    case "approval.delegated":
      return `${event.data.by} -> ${event.data.to}${describeComment(event.data)}`;
    case "approval.refused":
      return `${event.data.by === undefined ? "" : `${event.data.by}, `}${event.data.reason}: ${event.data.message}`;
    case "approval.reminded":
      return callName({ path: event.data.path, kind: "approval" });
    case "approval.escalated":
      return `to ${event.data.to.join(", ")}`;
    case "breakpoints.changed":
      return `by ${event.data.by}: ${[...event.data.breakpoints, ...(event.data.next === true ? ["next"] : [])].join(", ")}`;
    case "call.held":
      return `${callName(event.data)} is held by ${event.data.breakpoint}`;
    case "call.released":
      return `${event.data.path}, by ${event.data.by}${event.data.set === true ? ", its result is set" : event.data.input === undefined ? "" : ", with another input"}`;
    case "checkpoint.created":
      return "";
    case "log.compacted":
      return `stands for the first ${event.seq} events: agent ${event.data.submitted.data.agent}, by ${event.data.submitted.data.caller}, ${event.data.state} by then`;
  }
};

const describeMigration = ({ from, to, by }: Omit<TaskEventOf<"task.migrated">["data"], "rules">): string =>
  `${from} -> ${to}, by ${by}`;

const describeRules = ({ rename = {}, drop = [] }: TaskEventOf<"task.migrated">["data"]["rules"] = {}): string =>
  [
    ...Object.entries(rename).map(([old, now]) => `; ${old} is ${now}`),
    ...drop.map((node) => `; without ${node}`),
  ].join("");

const describeCanceled = ({ reason, error }: TaskEventOf<"task.canceled">["data"]): string =>
  [reason, error === undefined ? undefined : `${error.code}: ${error.message}`]
    .filter((part) => part !== undefined)
    .join("; ");
const describeComment = ({ comment }: { readonly comment?: string | undefined }): string =>
  comment === undefined ? "" : ` (${short(comment)})`;

export const describeProgress = (progress: {
  readonly message?: string | undefined;
  readonly share?: number | undefined;
}): string =>
  [progress.share === undefined ? undefined : `${Math.round(progress.share * 100)} %`, progress.message]
    .filter((part) => part !== undefined)
    .join(" ");

const describeWait = (data: {
  readonly childTaskId?: string | undefined;
  readonly dueAt?: number | undefined;
}): string =>
  `${data.childTaskId === undefined ? "" : `, task ${data.childTaskId}`}${data.dueAt === undefined ? "" : `, until ${formatTimestamp(data.dueAt)}`}`;

/** `2026-01-01T10:00:00.000Z  12  step.completed  model draft#1 -> …` */
export const eventLine = (event: TaskEvent): string =>
  [formatTimestamp(event.at), String(event.seq).padStart(4), event.type.padEnd(18), describeEvent(event)]
    .join("  ")
    .trimEnd();

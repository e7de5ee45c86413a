/** A2A 0.3 over JSON-RPC and HTTP+JSON, where the card names it. The same rules, in two forms of the same data. */
import type { z } from "zod";
import { check, found, type ListedTraits, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { toReply } from "../http-json-channel.ts";
import { type JsonObject, listAt, member, shown, textAt } from "../json-values.ts";
import { LegacyEventShape, LegacyTaskShape, ProtoEventShape, ProtoTaskShape } from "../legacy-shapes.ts";
import { capability, needed, resultOf, unknownId } from "../target.ts";
import { expectError } from "../wire-errors.ts";
import { expectShape } from "../wire-shapes.ts";

const legacy = (traits: Omit<ListedTraits, "severity">, body: (target: WireTarget, form: Form) => Promise<void>) =>
  check({ ...traits, severity: "must", section: "1.15 A2A 0.3", bindings: OVER_HTTP, versions: ["0.3"] }, (target) =>
    body(target, target.channel.address.binding === "HTTP+JSON" ? PROTO_FORM : SCHEMA_FORM),
  );

/** How a binding of 0.3 writes what both of them say. */
interface Form {
  /** What a send and each event of a stream has. */
  readonly event: z.ZodType;
  readonly task: z.ZodType;
  /** The member of a message that has its parts. */
  readonly parts: string;
  readonly message: (message: JsonObject) => JsonObject;
  readonly text: (text: unknown) => JsonObject;
  readonly data: (data: unknown) => JsonObject;
  /** The task of a send's result; undefined when it is a message. */
  readonly taskOf: (result: unknown) => unknown;
  /** As the schema spells it. */
  readonly stateOf: (task: unknown) => string | undefined;
  /** The event of a stream is the last one that may come. */
  readonly isEnd: (event: unknown) => boolean;
}

const SCHEMA_FORM: Form = {
  ...{ event: LegacyEventShape, task: LegacyTaskShape, parts: "parts" },
  message: (message) => ({ kind: "message", role: "user", ...message }),
  text: (text) => ({ kind: "text", text }),
  data: (data) => ({ kind: "data", data }),
  taskOf: (result) => (member(result, "kind") === "message" ? undefined : result),
  stateOf: (task) => textAt(task, "status", "state"),
  isEnd: (event) => member(event, "kind") === "message" || member(event, "final") === true,
};

const PROTO_FORM: Form = {
  ...{ event: ProtoEventShape, task: ProtoTaskShape, parts: "content" },
  message: (message) => ({ role: "ROLE_USER", ...message }),
  text: (text) => ({ text }),
  data: (data) => ({ data: { data } }),
  taskOf: (result) => member(result, "task"),
  stateOf: (task) =>
    textAt(task, "status", "state")
      ?.replace(/^TASK_STATE_/, "")
      .toLowerCase(),
  isEnd: (event) => member(event, "message") !== undefined || member(event, "statusUpdate", "final") === true,
};

/** A message of 0.3 with the content of one of 1.0. */
const request = ({ tasks, messages }: WireTarget, form: Form, more: JsonObject = {}): JsonObject => {
  const { message } = tasks.request(messages.complete);
  const parts = messages.complete.parts.map((part) => {
    if (typeof member(part, "text") === "string") return form.text(member(part, "text"));
    if (member(part, "data") !== undefined) return form.data(member(part, "data"));
    return skip("--message has a part that is neither text nor data");
  });
  return {
    message: form.message({ messageId: textAt(message, "messageId"), [form.parts]: parts, ...more }),
    configuration: { blocking: true },
  };
};

const send = async (target: WireTarget, form: Form) =>
  resultOf(await target.channel.call("message/send", request(target, form)), "a result");

const completed = async (target: WireTarget, form: Form) => {
  const result = needed(await target.channel.call("message/send", request(target, form)), "message/send");
  const task = form.taskOf(result) ?? skip("the agent answers with a message");
  const state = form.stateOf(task);
  if (state !== "completed") skip(`the message led to ${state}`);
  return textAt(task, "id") ?? skip("the task has no id");
};

export const LEGACY_CHECKS = [
  legacy({ id: "AC-1.15-send", title: "message/send answers with a task or message of 0.3" }, async (target, form) => {
    const result = await send(target, form);
    expectShape(form.event, result, "the result of message/send");
  }),
  legacy(
    { id: "AC-1.15-blocking", title: "message/send with blocking waits until the task ends or asks" },
    async (target, form) => {
      const task = form.taskOf(await send(target, form)) ?? skip("the agent answers with a message");
      const state = form.stateOf(task) ?? "";
      if (["submitted", "working"].includes(state)) found(state, "a terminal or interrupted state");
    },
  ),
  legacy({ id: "AC-1.15-no-version", title: "a method of 0.3 needs no version header" }, async ({ channel }) =>
    expectError(await channel.call("tasks/get", { id: unknownId() }, { version: null }), "TASK_NOT_FOUND"),
  ),
  legacy({ id: "AC-1.15-get", title: "tasks/get answers with a bare Task of 0.3" }, async (target, form) => {
    const id = await completed(target, form);
    expectShape(form.task, resultOf(await target.channel.call("tasks/get", { id }), "the task"), "the Task");
  }),
  legacy({ id: "AC-1.15-history", title: "historyLength of tasks/get bounds the history" }, async (target, form) => {
    const id = await completed(target, form);
    const task = needed(await target.channel.call("tasks/get", { id, historyLength: 1 }), "tasks/get");
    if (listAt(task, "history").length > 1) found(`${listAt(task, "history").length} messages`, "1 at most");
  }),
  legacy({ id: "AC-1.15-cancel", title: "tasks/cancel of a completed task is refused" }, async (target, form) =>
    expectError(
      await target.channel.call("tasks/cancel", { id: await completed(target, form) }),
      "TASK_NOT_CANCELABLE",
    ),
  ),
  legacy(
    { id: "AC-1.15-not-found", title: "tasks/cancel of a task that there is not is refused" },
    async ({ channel }) => expectError(await channel.call("tasks/cancel", { id: unknownId() }), "TASK_NOT_FOUND"),
  ),
  legacy(
    { id: "AC-1.15-unknown-task", title: "message/send to a task that there is not is refused" },
    async (target, form) =>
      expectError(
        await target.channel.call("message/send", request(target, form, { taskId: unknownId() })),
        "TASK_NOT_FOUND",
      ),
  ),
  legacy({ id: "AC-1.15-method", title: "an unknown method, or path, is not found" }, async ({ channel }, form) => {
    const isPath = form === PROTO_FORM;
    const reply = isPath
      ? toReply(await channel.raw({ method: "GET", path: "/v1/noSuch" }))
      : await channel.call("tasks/noSuch", {});
    expectError(reply, "method not found");
  }),
  legacy({ id: "AC-1.15-params", title: "a message without parts is refused" }, async (target, form) =>
    expectError(
      await target.channel.call("message/send", request(target, form, { [form.parts]: undefined })),
      "invalid params",
    ),
  ),
  legacy(
    { id: "AC-1.15-stream", title: "message/stream is a stream of 0.3 whose last status is final" },
    async (target, form) => {
      if (!capability(target.server, "streaming")) skip("the card declares no streaming");
      const { reply, events } = await target.channel.open("message/stream", request(target, form));
      if (reply !== undefined) found(shown(reply.http?.text), "a stream");
      let last: unknown;
      for await (const { response } of events) {
        if (response === undefined) continue;
        expectShape(form.event, response, "the event");
        last = response;
      }
      if (!form.isEnd(last)) found(shown(last), "a message, or a status update with final: true");
    },
  ),
];

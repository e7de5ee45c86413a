/** A2A 0.3 over JSON-RPC, where the card names it. */
import { check, found, type ListedTraits, skip, type WireTarget } from "../check.ts";
import { type JsonObject, listAt, member, shown, textAt } from "../json-values.ts";
import { capability, needed, resultOf, unknownId } from "../target.ts";
import { expectError } from "../wire-errors.ts";
import { expectShape, LegacyEventShape, LegacyTaskShape } from "../wire-shapes.ts";

const legacy = (traits: Omit<ListedTraits, "severity">, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, severity: "must", section: "1.15 A2A 0.3", bindings: ["JSONRPC"], versions: ["0.3"] }, body);

/** A message of 0.3 with the content of one of 1.0. */
const request = ({ tasks, messages }: WireTarget, more: JsonObject = {}): JsonObject => {
  const { message } = tasks.request(messages.complete);
  const parts = messages.complete.parts.map((part) => {
    if (typeof member(part, "text") === "string") return { kind: "text", text: member(part, "text") };
    if (member(part, "data") !== undefined) return { kind: "data", data: member(part, "data") };
    return skip("--message has a part that is neither text nor data");
  });
  return {
    message: { kind: "message", messageId: textAt(message, "messageId"), role: "user", parts, ...more },
    configuration: { blocking: true },
  };
};

const send = async (target: WireTarget) =>
  resultOf(await target.channel.call("message/send", request(target)), "a result");

const completed = async (target: WireTarget) => {
  const task = needed(await target.channel.call("message/send", request(target)), "message/send");
  if (member(task, "kind") !== "task") return skip("the agent answers with a message");
  if (textAt(task, "status", "state") !== "completed") skip(`the message led to ${textAt(task, "status", "state")}`);
  return textAt(task, "id") ?? skip("the task has no id");
};

export const LEGACY_CHECKS = [
  legacy({ id: "AC-1.15-send", title: "message/send answers with a task or message of 0.3" }, async (target) => {
    const result = await send(target);
    expectShape(LegacyEventShape, result, "the result of message/send");
  }),
  legacy(
    { id: "AC-1.15-blocking", title: "message/send with blocking waits until the task ends or asks" },
    async (target) => {
      const result = await send(target);
      if (member(result, "kind") !== "task") skip("the agent answers with a message");
      const state = textAt(result, "status", "state") ?? "";
      if (["submitted", "working"].includes(state)) found(state, "a terminal or interrupted state");
    },
  ),
  legacy({ id: "AC-1.15-no-version", title: "a method of 0.3 needs no version header" }, async ({ channel }) =>
    expectError(await channel.call("tasks/get", { id: unknownId() }, { version: null }), "TASK_NOT_FOUND"),
  ),
  legacy({ id: "AC-1.15-get", title: "tasks/get answers with a bare Task of 0.3" }, async (target) => {
    const id = await completed(target);
    expectShape(LegacyTaskShape, resultOf(await target.channel.call("tasks/get", { id }), "the task"), "the Task");
  }),
  legacy({ id: "AC-1.15-history", title: "historyLength of tasks/get bounds the history" }, async (target) => {
    const id = await completed(target);
    const task = needed(await target.channel.call("tasks/get", { id, historyLength: 1 }), "tasks/get");
    if (listAt(task, "history").length > 1) found(`${listAt(task, "history").length} messages`, "1 at most");
  }),
  legacy({ id: "AC-1.15-cancel", title: "tasks/cancel of a completed task is refused" }, async (target) =>
    expectError(await target.channel.call("tasks/cancel", { id: await completed(target) }), "TASK_NOT_CANCELABLE"),
  ),
  legacy(
    { id: "AC-1.15-not-found", title: "tasks/cancel of a task that there is not is refused" },
    async ({ channel }) => expectError(await channel.call("tasks/cancel", { id: unknownId() }), "TASK_NOT_FOUND"),
  ),
  legacy({ id: "AC-1.15-unknown-task", title: "message/send to a task that there is not is refused" }, async (target) =>
    expectError(await target.channel.call("message/send", request(target, { taskId: unknownId() })), "TASK_NOT_FOUND"),
  ),
  legacy({ id: "AC-1.15-method", title: "an unknown method is not found" }, async ({ channel }) =>
    expectError(await channel.call("tasks/noSuch", {}), "method not found"),
  ),
  legacy({ id: "AC-1.15-params", title: "a message without parts is refused" }, async (target) =>
    expectError(await target.channel.call("message/send", request(target, { parts: undefined })), "invalid params"),
  ),
  legacy(
    { id: "AC-1.15-stream", title: "message/stream is a stream of 0.3 whose last status is final" },
    async (target) => {
      if (!capability(target.server, "streaming")) skip("the card declares no streaming");
      const { reply, events } = await target.channel.open("message/stream", request(target));
      if (reply !== undefined) found(shown(reply.http?.text), "a stream");
      let last: unknown;
      for await (const { response } of events) {
        if (response === undefined) continue;
        expectShape(LegacyEventShape, response, "the event");
        last = response;
      }
      if (member(last, "kind") === "message") return;
      if (member(last, "final") !== true) found(shown(last), "a status-update with final: true");
    },
  ),
];

/** The form of what is sent, and what is taken in which spelling (A2A 4, 5.5). */
import { check, found, type ListedTraits, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { listAt, member, shown, textAt } from "../json-values.ts";
import { type MadeTask, needed, resultOf, unknownId } from "../target.ts";
import { expectError } from "../wire-errors.ts";
import { expectShape, ListResultShape, SendResultShape, TaskShape } from "../wire-shapes.ts";

const data = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.3 JSON, 1.4 Data model" }, body);

export const DATA_CHECKS = [
  data(
    {
      id: "AC-1.4-send",
      severity: "must",
      title: "SendMessage answers with exactly one of task and message, in their form",
    },
    async ({ tasks, messages }) => {
      const reply = await tasks.send(messages.complete);
      expectShape(SendResultShape, resultOf(reply, "a result"), "the result of SendMessage");
    },
  ),
  data(
    { id: "AC-1.4-get", severity: "must", title: "GetTask answers with a bare Task in its form" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      expectShape(TaskShape, resultOf(await channel.call("GetTask", { id }), "the task"), "the Task");
    },
  ),
  data(
    {
      id: "AC-1.4-list",
      severity: "must",
      title: "ListTasks answers with tasks, nextPageToken, pageSize and totalSize",
    },
    async ({ channel, tasks }) => {
      await tasks.completed();
      const result = resultOf(await channel.call("ListTasks", { includeArtifacts: true, pageSize: 20 }), "a list");
      expectShape(ListResultShape, result, "the result of ListTasks");
    },
  ),
  data(
    { id: "DM-SERIAL-003", severity: "must", title: "a status has a time in ISO 8601, UTC" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const task = needed(await channel.call("GetTask", { id }), "GetTask");
      const at = textAt(task, "status", "timestamp") ?? skip("the status has no timestamp");
      if (!at.endsWith("Z") || Number.isNaN(Date.parse(at))) found(at, "such as 2026-01-31T12:00:00.000Z");
    },
  ),
  data(
    { id: "AC-1.3-milliseconds", severity: "should", title: "a status has a time, to the millisecond" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const at = textAt(needed(await channel.call("GetTask", { id }), "GetTask"), "status", "timestamp");
      if (at === undefined) found("no timestamp", "one");
      else if (!/\.\d{3,}Z$/.test(at)) found(at, "milliseconds");
    },
  ),
  data(
    {
      id: "AC-1.3-snake-case/message",
      severity: "must",
      bindings: OVER_HTTP,
      title: "message_id and task_id are read as messageId and taskId",
    },
    async ({ channel }) => {
      const message = { message_id: unknownId(), task_id: unknownId(), role: "ROLE_USER", parts: [{ text: "hello" }] };
      expectError(await channel.call("SendMessage", { message }), "TASK_NOT_FOUND");
    },
  ),
  data(
    {
      id: "AC-1.3-snake-case/params",
      severity: "must",
      bindings: ["JSONRPC"],
      title: "history_length and page_size are read as historyLength and pageSize",
    },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const task = needed(await channel.call("GetTask", { id, history_length: 0 }), "GetTask");
      if (member(task, "history") !== undefined) found("a history", "none, as history_length: 0 asks");
      await tasks.another();
      const list = needed(await channel.call("ListTasks", { page_size: 1 }), "ListTasks");
      if (member(list, "pageSize") !== 1) found(`pageSize ${shown(member(list, "pageSize"))}`, "1");
    },
  ),
  data(
    {
      id: "AC-1.3-unset",
      severity: "should",
      bindings: OVER_HTTP,
      title: "null, and an empty text, is read as a member that is not there",
    },
    async ({ channel }) => {
      const message = {
        ...{ messageId: unknownId(), taskId: unknownId(), role: "ROLE_USER", parts: [{ text: "hello", raw: null }] },
        ...{ contextId: "", metadata: null, extensions: null },
      };
      expectError(await channel.call("SendMessage", { message, configuration: null }), "TASK_NOT_FOUND");
    },
  ),
  data(
    {
      id: "AC-1.3-other-forms",
      severity: "should",
      bindings: OVER_HTTP,
      title: "enums by number, integers as text and base64url without padding are read",
    },
    async ({ channel }) => {
      const parts = [{ text: "hello" }, { raw: "-_8" }];
      const message = { messageId: unknownId(), taskId: unknownId(), role: 1, parts };
      const configuration = { historyLength: "1" };
      expectError(await channel.call("SendMessage", { message, configuration }), "TASK_NOT_FOUND");
    },
  ),
  data(
    {
      id: "DM-SERIAL-005",
      severity: "should",
      bindings: OVER_HTTP,
      title: "members that the server does not know are ignored",
    },
    async ({ channel }) => {
      const message = {
        ...{ messageId: unknownId(), taskId: unknownId(), role: "ROLE_USER", noSuchMember: { a: 1 } },
        parts: [{ text: "hello", noSuchMember: true }],
      };
      expectError(await channel.call("SendMessage", { message, noSuchMember: [1] }), "TASK_NOT_FOUND");
    },
  ),
  data(
    { id: "AC-1.4-message-context", severity: "must", title: "messages of the agent name the context, and the task" },
    async ({ channel, tasks }) => {
      const said = async ({ id, contextId }: MadeTask) => {
        const task = needed(await channel.call("GetTask", { id }), "GetTask");
        const all = [...listAt(task, "history"), member(task, "status", "message")];
        return { id, contextId, messages: all.filter((message) => member(message, "role") === "ROLE_AGENT") };
      };
      const completed = await said(await tasks.completed());
      // Where it said nothing, a question is something.
      const { id, contextId, messages } =
        completed.messages.length > 0 ? completed : await said(await tasks.interrupted());
      if (messages.length === 0) skip("the agent has sent no message");
      for (const message of messages) {
        if (textAt(message, "contextId") !== contextId)
          found(`contextId ${shown(member(message, "contextId"))}`, `${contextId}`);
        if (textAt(message, "taskId") !== id) found(`taskId ${shown(member(message, "taskId"))}`, id);
      }
    },
  ),
];

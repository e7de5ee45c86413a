/** Sending, conversations, and what becomes of tasks (A2A 3.1.1 to 3.1.5, 3.4). */
import { check, found, type ListedTraits, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { listAt, member, shown, textAt } from "../json-values.ts";
import { isInterrupted, isTerminal, needed, resultOf, stateOf, unknownId } from "../target.ts";
import { describeReply, expectError, isError } from "../wire-errors.ts";

type Body = (target: WireTarget) => Promise<void>;
const sending = (traits: ListedTraits, body: Body) =>
  check({ ...traits, section: "1.7 SendMessage and history" }, body);
const context = (traits: ListedTraits, body: Body) => check({ ...traits, section: "1.6 Ids and contexts" }, body);
const state = (traits: ListedTraits, body: Body) => check({ ...traits, section: "1.5 Task states" }, body);

const REFUSED_TYPE = "application/x-no-agent-takes-this";

export const SEND_CHECKS = [
  sending(
    {
      id: "CORE-EXECUTION-MODE-001",
      severity: "must",
      title: "SendMessage waits until the task ends or needs somebody",
    },
    async ({ tasks, messages }) => {
      const result = resultOf(await tasks.send(messages.complete), "a result");
      const task = member(result, "task") ?? skip("the agent answers with a message, without a task");
      if (!isTerminal(task) && !isInterrupted(task)) found(`${stateOf(task)}`, "a terminal or interrupted state");
    },
  ),
  sending(
    { id: "CORE-EXECUTION-MODE-002", severity: "must", title: "returnImmediately returns while the task is at work" },
    async ({ tasks, messages }) => {
      const content = messages.long ?? skip("needs --long-message");
      const result = resultOf(await tasks.send(content, { configuration: { returnImmediately: true } }), "a result");
      const task = member(result, "task") ?? skip("the agent answers with a message, without a task");
      const id = textAt(task, "id");
      if (id !== undefined && !isTerminal(task)) tasks.keep(id);
      // A task that fails at once tells nothing about waiting.
      if (stateOf(task) === "TASK_STATE_FAILED" || stateOf(task) === "TASK_STATE_REJECTED")
        skip(`--long-message led to ${stateOf(task)}`);
      if (isTerminal(task)) found(`${stateOf(task)}`, "a state that is not terminal");
    },
  ),
  sending(
    { id: "AC-1.7-failed", severity: "must", title: "what goes wrong in the agent is a task in state FAILED" },
    async ({ tasks, messages }) => {
      const result = resultOf(await tasks.send(messages.fail ?? skip("needs --fail-message")), "a task");
      const seen = stateOf(member(result, "task"));
      if (seen !== "TASK_STATE_FAILED") found(`${seen}`, "TASK_STATE_FAILED");
    },
  ),
  sending(
    { id: "AC-1.4-artifacts", severity: "should", title: "results are in artifacts" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const task = needed(await channel.call("GetTask", { id }), "GetTask");
      if (listAt(task, "artifacts").length === 0) found("no artifact", "the result in one");
    },
  ),
  sending(
    { id: "CORE-SEND-003", severity: "must", title: "a part of a media type that the card does not list is refused" },
    async ({ tasks, server }) => {
      if (takesAnything(server.card)) skip("the card takes every media type");
      const parts = [{ raw: "aGVsbG8=", mediaType: REFUSED_TYPE }];
      expectError(await tasks.send({ parts }), "CONTENT_TYPE_NOT_SUPPORTED");
    },
  ),
  sending(
    { id: "AC-1.7-no-media-type", severity: "must", title: "a part without a media type is not refused for it" },
    async ({ tasks, messages }) => {
      const parts = messages.complete.parts.map((part) => ({ ...(part as object), mediaType: undefined }));
      const reply = await tasks.send({ ...messages.complete, parts });
      const isNamed = reply.binding === "JSONRPC" || reply.error?.reason !== undefined;
      if (isNamed && isError(reply, "CONTENT_TYPE_NOT_SUPPORTED")) found(describeReply(reply), "a result");
    },
  ),
  sending(
    {
      id: "CORE-HIST-002",
      severity: "must",
      title: "historyLength 0 leaves the history out, in GetTask and SendMessage",
    },
    async ({ channel, tasks, messages }) => {
      const { id } = await tasks.completed();
      const read = needed(await channel.call("GetTask", { id, historyLength: 0 }), "GetTask");
      const sent = needed(await tasks.send(messages.complete, { configuration: { historyLength: 0 } }), "SendMessage");
      for (const task of [read, member(sent, "task")])
        if (member(task, "history") !== undefined) found(`history ${shown(member(task, "history"))}`, "no history");
    },
  ),
  sending(
    { id: "CORE-HIST-003", severity: "must", title: "historyLength N gives the newest N messages" },
    async ({ channel, tasks }) => {
      const { id } = await conversation(tasks);
      const all = listAt(needed(await channel.call("GetTask", { id }), "GetTask"), "history");
      if (all.length < 2) skip("the task has a history of less than two messages; give --input-required-message");
      const one = listAt(needed(await channel.call("GetTask", { id, historyLength: 1 }), "GetTask"), "history");
      const newest = textAt(all, all.length - 1, "messageId");
      if (one.length !== 1 || textAt(one, 0, "messageId") !== newest)
        found(shown(one.map((each) => textAt(each, "messageId"))), `the newest message, ${newest}`);
    },
  ),
  sending(
    { id: "CORE-HIST-005", severity: "must", title: "the history has the messages that were exchanged" },
    async ({ channel, tasks }) => {
      const { id, message } = await tasks.completed();
      const history = listAt(needed(await channel.call("GetTask", { id, historyLength: 100 }), "GetTask"), "history");
      const ids = history.map((each) => textAt(each, "messageId"));
      if (!ids.includes(textAt(message, "messageId")))
        found(`messages ${shown(ids)}`, `the one sent, ${textAt(message, "messageId")}`);
    },
  ),
  sending(
    { id: "CORE-HIST-006", severity: "must", title: "the history is in the order of time" },
    async ({ channel, tasks, messages }) => {
      const { id, message } = await tasks.interrupted();
      const answer = tasks.newMessage(messages.complete, { taskId: id });
      needed(await channel.call("SendMessage", { message: answer }), "the answer");
      const history = listAt(needed(await channel.call("GetTask", { id, historyLength: 100 }), "GetTask"), "history");
      const ids = history.map((each) => textAt(each, "messageId") ?? "");
      const [first, second] = [
        ids.indexOf(textAt(message, "messageId") ?? ""),
        ids.indexOf(textAt(answer, "messageId") ?? ""),
      ];
      if (first === -1 || second === -1) skip("the history has not both messages of the user (CORE-HIST-005)");
      if (first > second) found("the answer before the question", "the order of time");
    },
  ),

  context(
    { id: "CORE-MULTI-001a", severity: "must", title: "a task without a context gets one, and the answer names it" },
    async ({ tasks }) => {
      const { task } = await tasks.completed();
      if ((textAt(task, "contextId") ?? "") === "") found("no contextId", "one that the server made");
    },
  ),
  context(
    { id: "CORE-MULTI-002a", severity: "must", title: "a client's contextId is kept or refused, never replaced" },
    async ({ tasks, messages }) => {
      await tasks.completed();
      const contextId = unknownId();
      const reply = await tasks.send(messages.complete, { message: { contextId } });
      if (reply.error !== undefined) return;
      const seen = textAt(reply.result, "task", "contextId") ?? textAt(reply.result, "message", "contextId");
      if (seen !== contextId) found(`the context ${seen}`, `${contextId}, or an error`);
    },
  ),
  context(
    {
      id: "AC-1.6-new-task",
      severity: "must",
      title: "a message with a known contextId alone starts another task there",
    },
    async ({ tasks }) => {
      const { id, contextId } = await tasks.completed();
      const next = await tasks.another({ message: { contextId } });
      if (next.contextId !== contextId) found(`the context ${next.contextId}`, `${contextId}`);
      if (next.id === id) found("the task that has ended", "a new one");
    },
  ),
  context(
    { id: "CORE-MULTI-003", severity: "must", title: "the server makes the ids of tasks, each once" },
    async ({ tasks }) => {
      const first = await tasks.completed();
      const second = await tasks.another();
      if (first.id === second.id) found(`the id ${first.id} twice`, "another id");
      if (second.id === textAt(second.message, "messageId"))
        found("the messageId as the task's id", "an id of the server");
    },
  ),
  context(
    { id: "CORE-MULTI-004", severity: "must", title: "a message to a task that there is not is refused" },
    async ({ channel, tasks, messages }) => {
      const message = tasks.newMessage(messages.complete, { taskId: unknownId() });
      expectError(await channel.call("SendMessage", { message }), "TASK_NOT_FOUND");
    },
  ),
  context(
    { id: "CORE-MULTI-005", severity: "must", title: "a message with a taskId alone is in the task's context" },
    async ({ channel, tasks, messages }) => {
      const { id, contextId } = await tasks.interrupted();
      const message = tasks.newMessage(messages.complete, { taskId: id });
      const result = resultOf(await channel.call("SendMessage", { message }), "the task");
      const task = member(result, "task") ?? skip("the agent answers with a message");
      if (textAt(task, "id") !== id) found(`the task ${textAt(task, "id")}`, id);
      if (textAt(task, "contextId") !== contextId) found(`the context ${textAt(task, "contextId")}`, `${contextId}`);
    },
  ),
  context(
    { id: "CORE-MULTI-006", severity: "must", title: "a message whose context is not the task's is refused" },
    async ({ channel, tasks, messages }) => {
      const { id } = await tasks.interrupted();
      const message = tasks.newMessage(messages.complete, { taskId: id, contextId: unknownId() });
      expectError(await channel.call("SendMessage", { message }), "invalid params");
    },
  ),

  state(
    { id: "CORE-SEND-002", severity: "must", title: "a message to a task that has ended is refused" },
    async ({ channel, tasks, messages }) => {
      const { id, contextId } = await tasks.completed();
      const message = tasks.newMessage(messages.complete, { taskId: id, contextId });
      expectError(await channel.call("SendMessage", { message }), "UNSUPPORTED_OPERATION");
    },
  ),
  state(
    { id: "AC-1.5-final", severity: "must", title: "nothing changes a task that has ended" },
    async ({ channel, tasks, messages }) => {
      const { id, contextId } = await tasks.another();
      const before = needed(await channel.call("GetTask", { id }), "GetTask");
      const message = tasks.newMessage(messages.complete, { taskId: id, contextId });
      await channel.call("SendMessage", { message });
      await channel.call("CancelTask", { id });
      const after = needed(await channel.call("GetTask", { id }), "GetTask");
      if (JSON.stringify(before) !== JSON.stringify(after)) found(shown(after), `as it was, ${shown(before)}`);
    },
  ),
  state(
    { id: "CORE-GET-001", severity: "must", title: "GetTask answers with the task that SendMessage made" },
    async ({ channel, tasks }) => {
      const made = await tasks.completed();
      const task = resultOf(await channel.call("GetTask", { id: made.id }), "the task");
      if (textAt(task, "id") !== made.id) found(`the task ${textAt(task, "id")}`, made.id);
      if (stateOf(task) !== stateOf(made.task)) found(`${stateOf(task)}`, `${stateOf(made.task)}`);
    },
  ),
  state(
    { id: "CORE-GET-002", severity: "must", title: "GetTask of a task that there is not is refused" },
    async ({ channel }) => expectError(await channel.call("GetTask", { id: unknownId() }), "TASK_NOT_FOUND"),
  ),
  state(
    { id: "CORE-CANCEL-001", severity: "must", title: "a task at work can be canceled" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const task = resultOf(await channel.call("CancelTask", { id }), "the canceled task");
      if (textAt(task, "id") !== id) found(shown(task), `the bare task ${id}`);
      if (stateOf(task) !== "TASK_STATE_CANCELED") found(`${stateOf(task)}`, "TASK_STATE_CANCELED");
    },
  ),
  state(
    { id: "CORE-CANCEL-002", severity: "must", title: "a task that has completed cannot be canceled" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      expectError(await channel.call("CancelTask", { id }), "TASK_NOT_CANCELABLE");
    },
  ),
  state(
    { id: "CORE-CANCEL-003", severity: "must", title: "the cancel of a task that there is not is refused" },
    async ({ channel }) => expectError(await channel.call("CancelTask", { id: unknownId() }), "TASK_NOT_FOUND"),
  ),
  state(
    { id: "AC-1.5-cancel-again", severity: "must", title: "a second cancel gives the canceled task again" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const first = needed(await channel.call("CancelTask", { id }), "the first cancel");
      if (stateOf(first) !== "TASK_STATE_CANCELED") skip(`the task is ${stateOf(first)} after the first`);
      const again = resultOf(await channel.call("CancelTask", { id }), "the task");
      if (stateOf(again) !== "TASK_STATE_CANCELED") found(`${stateOf(again)}`, "TASK_STATE_CANCELED");
    },
  ),
];

/** A task with several messages if the agent can be made to ask, else one that has completed. */
const conversation = async (tasks: WireTarget["tasks"]) => {
  try {
    return await tasks.interrupted();
  } catch {
    return tasks.completed();
  }
};

const takesAnything = (card: unknown): boolean =>
  [listAt(card, "defaultInputModes"), ...listAt(card, "skills").map((skill) => listAt(skill, "inputModes"))]
    .flat()
    .some((mode) => mode === "*" || mode === "*/*" || mode === "application/*");

// ---- errors of every operation

const errors = (traits: ListedTraits, body: Body) => check({ ...traits, section: "1.11 Errors" }, body);

export const ERROR_CHECKS = [
  errors(
    {
      id: "AC-1.11-error-info",
      severity: "must",
      title: "an error of A2A has an ErrorInfo with its reason and domain",
    },
    async ({ channel }) => {
      const { error } = await channel.call("GetTask", { id: unknownId() });
      if (error === undefined) return skip("GetTask of an unknown task is no error");
      const info = error.details.find(
        (detail) => member(detail, "@type") === "type.googleapis.com/google.rpc.ErrorInfo",
      );
      if (info === undefined) found(`details ${shown(error.details)}`, "a list with a google.rpc.ErrorInfo");
      if (textAt(info, "reason") !== "TASK_NOT_FOUND") found(`reason ${textAt(info, "reason")}`, "TASK_NOT_FOUND");
      if (textAt(info, "domain") !== "a2a-protocol.org") found(`domain ${textAt(info, "domain")}`, "a2a-protocol.org");
    },
  ),
  errors(
    {
      id: "AC-1.11-status",
      severity: "should",
      title: "statuses are those of 1.0.1, not of 1.0.0",
      bindings: ["HTTP+JSON", "GRPC"],
    },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const { error, binding } = await channel.call("CancelTask", { id });
      const expected = binding === "GRPC" ? 9 : 400;
      if (error === undefined) skip("the cancel is not refused");
      else if (error.code !== expected) found(`${error.code} for TASK_NOT_CANCELABLE`, `${expected}`);
    },
  ),
  errors(
    { id: "AC-1.14-no-internals", severity: "should", title: "errors show nothing of the server's inside" },
    async ({ channel }) => {
      const replies = [
        await channel.call("GetTask", { id: unknownId() }),
        await channel.call("ListTasks", { pageSize: -1 }),
      ];
      for (const { error } of replies) {
        // Where an error says where it comes from, it does so at once; the pattern takes long for long texts.
        const text = `${error?.message.slice(0, 4_096)} ${JSON.stringify(error?.details)?.slice(0, 4_096)}`;
        if (/node_modules|\bat .+:\d+:\d+|Traceback|\.(ts|js|py|java|go):\d+/.test(text))
          found(shown(text), "no stack and no path");
      }
    },
  ),
  errors(
    {
      id: "BIND-FIELD-001",
      severity: "must",
      title: "the interface that the card names speaks A2A",
      bindings: [...OVER_HTTP, "GRPC"],
    },
    async ({ channel, server }) => {
      const reply = await channel.call("GetTask", { id: unknownId() });
      if (reply.error === undefined && reply.result === undefined)
        found(`${describeReply(reply)} from ${channel.address.url}`, "an answer of A2A");
      // UNAVAILABLE, UNIMPLEMENTED: nobody listens there, or something else.
      if (reply.binding === "GRPC" && (reply.error?.code === 14 || reply.error?.code === 12))
        found(`${describeReply(reply)} from ${channel.address.url}`, "an answer of A2A");
      const isRefused = reply.http?.status === 401 || reply.http?.status === 403;
      if (isRefused && server.hasCredentials) found(describeReply(reply), "that it takes the credentials");
    },
  ),
];

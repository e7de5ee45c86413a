/** Streams of both operations (A2A 3.1.2, 3.1.6, 3.5). */
import type { OpenedStream, StreamEvent } from "../channel.ts";
import { check, found, type ListedTraits, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { type JsonObject, listAt, member, shown, textAt } from "../json-values.ts";
import { capability, isInterrupted, isTerminal, needed, stateOf, unknownId } from "../target.ts";
import { describeReply, expectError } from "../wire-errors.ts";
import { expectShape, StreamResponseShape } from "../wire-shapes.ts";

const streaming = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.9 Streams" }, async (target) => {
    if (!capability(target.server, "streaming")) skip("the card declares no streaming");
    await body(target);
  });

/** The events, comments left out; a finding when the answer is no stream. */
const eventsOf = async function* ({ reply, events }: OpenedStream): AsyncGenerator<StreamEvent, void> {
  if (reply !== undefined) found(describeReply(reply), "a stream");
  for await (const event of events) if (event.response !== undefined) yield event;
};

const toArray = async (events: AsyncIterable<StreamEvent>): Promise<readonly StreamEvent[]> => {
  const all: StreamEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

const sentStream = async ({ channel, tasks, messages }: WireTarget): Promise<readonly StreamEvent[]> =>
  toArray(eventsOf(await channel.open("SendStreamingMessage", tasks.request(messages.complete))));

const next = async (events: AsyncIterator<StreamEvent>): Promise<unknown> => {
  const result = await events.next();
  return result.done === true ? undefined : result.value.response;
};

const kindOf = (response: unknown): string => Object.keys((response ?? {}) as object).join(", ") || "nothing";
const stateIn = (response: unknown): unknown => member(response, "statusUpdate") ?? member(response, "task");

const notDeclared = (operation: string, params: (target: WireTarget) => JsonObject) =>
  check(
    {
      ...{ id: `CORE-CAP-002/${operation}`, section: "1.9 Streams", severity: "must" },
      title: `without the capability, ${operation} is refused`,
    },
    async (target) => {
      if (capability(target.server, "streaming")) skip("the card declares streaming");
      const { reply } = await target.channel.open(operation, params(target));
      if (reply === undefined) found("a stream", "an error that is no stream");
      else expectError(reply, "UNSUPPORTED_OPERATION");
    },
  );

export const STREAM_CHECKS = [
  notDeclared("SendStreamingMessage", ({ tasks, messages }) => tasks.request(messages.complete)),
  notDeclared("SubscribeToTask", () => ({ id: unknownId() })),
  streaming(
    { id: "AC-1.9-media-type", severity: "must", bindings: OVER_HTTP, title: "a stream is text/event-stream" },
    async ({ channel, tasks, messages }) => {
      const { reply } = await channel.open("SendStreamingMessage", tasks.request(messages.complete));
      if (reply !== undefined) found(`${reply.header("content-type")}: ${describeReply(reply)}`, "text/event-stream");
    },
  ),
  streaming(
    {
      id: "AC-1.9-events",
      severity: "must",
      title: "every event is one of task, message, statusUpdate, artifactUpdate, in its form",
    },
    async (target) => {
      for (const { response } of await sentStream(target)) expectShape(StreamResponseShape, response, "the event");
    },
  ),
  streaming(
    { id: "CORE-STREAM-001", severity: "must", title: "a stream begins with the task, or is one message" },
    async (target) => {
      const events = await sentStream(target);
      const kinds = events.map(({ response }) => kindOf(response));
      if (kinds[0] === "message") {
        if (kinds.length > 1) found(`${kinds.join(", then ")}`, "the message alone");
      } else if (kinds[0] !== "task") found(`${kinds[0] ?? "no event"} first`, "the task, or one message");
    },
  ),
  streaming(
    { id: "CORE-STREAM-003", severity: "must", title: "a stream ends with the task, not before" },
    async (target) => {
      const events = await sentStream(target);
      if (member(events[0]?.response, "message") !== undefined) skip("the agent answers with a message");
      const last = events.map(({ response }) => stateIn(response)).findLast((status) => status !== undefined);
      if (!isTerminal(last) && !isInterrupted(last))
        found(`${stateOf(last)} at the end`, "a terminal or interrupted state");
      const end = events.findIndex(({ response }) => isTerminal(stateIn(response)));
      if (end !== -1 && end < events.length - 1) found("events after the terminal one", "the end of the stream");
    },
  ),
  streaming(
    { id: "CORE-STREAM-002", severity: "must", title: "events of a stream are all of one task and context" },
    async (target) => {
      const events = await sentStream(target);
      const task = member(events[0]?.response, "task") ?? skip("the stream does not begin with a task");
      for (const { response } of events.slice(1)) {
        const update = member(response, "statusUpdate") ?? member(response, "artifactUpdate");
        if (
          textAt(update, "taskId") !== textAt(task, "id") ||
          textAt(update, "contextId") !== textAt(task, "contextId")
        )
          found(shown(update), `taskId ${textAt(task, "id")} and contextId ${textAt(task, "contextId")}`);
      }
    },
  ),
  streaming(
    {
      id: "AC-1.9-same-result",
      severity: "must",
      title: "a stream ends in the state, and brings the artifacts, that GetTask shows",
    },
    async (target) => {
      const events = await sentStream(target);
      const id = textAt(events[0]?.response, "task", "id") ?? skip("the stream does not begin with a task");
      const task = needed(await target.channel.call("GetTask", { id }), "GetTask");
      const last = events.map(({ response }) => stateIn(response)).findLast((status) => status !== undefined);
      if (stateOf(last) !== stateOf(task)) found(`${stateOf(last)} in the stream`, `${stateOf(task)}`);
      const streamed = new Set(
        events.flatMap(({ response }) => [
          ...listAt(response, "task", "artifacts").map((each) => textAt(each, "artifactId")),
          textAt(response, "artifactUpdate", "artifact", "artifactId"),
        ]),
      );
      const missing = listAt(task, "artifacts").filter((each) => !streamed.has(textAt(each, "artifactId")));
      if (missing.length > 0)
        found("an artifact that was not streamed", shown(missing.map((each) => textAt(each, "artifactId"))));
    },
  ),
  streaming(
    { id: "AC-1.9-error", severity: "must", title: "what is refused before the first event is an ordinary error" },
    async ({ channel, tasks, messages }) => {
      const message = tasks.newMessage(messages.complete, { taskId: unknownId() });
      const { reply } = await channel.open("SendStreamingMessage", { message });
      if (reply === undefined) found("a stream", "an error that is no stream");
      else expectError(reply, "TASK_NOT_FOUND");
    },
  ),
  streaming(
    { id: "STREAM-SUB-004", severity: "must", title: "a subscription to a task that there is not is refused" },
    async ({ channel }) => {
      const { reply } = await channel.open("SubscribeToTask", { id: unknownId() });
      if (reply === undefined) found("a stream", "an error that is no stream");
      else expectError(reply, "TASK_NOT_FOUND");
    },
  ),
  streaming(
    { id: "STREAM-SUB-003", severity: "must", title: "a subscription to a task that has ended is refused" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.completed();
      const { reply } = await channel.open("SubscribeToTask", { id });
      if (reply === undefined) found("a stream", "an error that is no stream");
      else expectError(reply, "UNSUPPORTED_OPERATION");
    },
  ),
  streaming(
    { id: "STREAM-SUB-001", severity: "must", title: "a subscription begins with the task as it is" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const first = await next(eventsOf(await channel.open("SubscribeToTask", { id })));
      if (textAt(first, "task", "id") !== id) found(`${kindOf(first)} first`, `the task ${id}`);
    },
  ),
  streaming(
    { id: "STREAM-SUB-002", severity: "must", title: "a subscription brings what comes, and ends with the task" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const events = eventsOf(await channel.open("SubscribeToTask", { id }));
      await next(events);
      needed(await channel.call("CancelTask", { id }), "CancelTask");
      const rest = await toArray(events);
      const last = rest.map(({ response }) => stateIn(response)).findLast((status) => status !== undefined);
      if (!isTerminal(last)) found(`${stateOf(last) ?? "no state"} at the end`, "the terminal state");
    },
  ),
  streaming(
    { id: "STREAM-ORDER-002", severity: "must", title: "all streams of a task have the same events in the same order" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const streams = [
        eventsOf(await channel.open("SubscribeToTask", { id })),
        eventsOf(await channel.open("SubscribeToTask", { id })),
      ];
      await Promise.all(streams.map(next));
      needed(await channel.call("CancelTask", { id }), "CancelTask");
      const [first = [], second = []] = await Promise.all(
        streams.map(async (events) => (await toArray(events)).map(({ response }) => response)),
      );
      const count = Math.min(first.length, second.length);
      if (count === 0) found("nothing after the task", "the cancel");
      // The stream that began earlier may have had more; from then on they have the same.
      const [one, other] = [first, second].map((events) => JSON.stringify(events.slice(-count)));
      if (one !== other) found(shown(other), `what the other stream has: ${shown(one)}`);
    },
  ),
  streaming(
    { id: "STREAM-ORDER-004", severity: "must", title: "the end of one stream ends no other, nor the task" },
    async ({ channel, tasks }) => {
      const { id } = await tasks.working();
      const leaving = eventsOf(await channel.open("SubscribeToTask", { id }));
      const staying = eventsOf(await channel.open("SubscribeToTask", { id }));
      await Promise.all([next(leaving), next(staying)]);
      await leaving.return();
      const task = needed(await channel.call("GetTask", { id }), "GetTask");
      if (isTerminal(task)) found(`the task is ${stateOf(task)}`, "still at work");
      needed(await channel.call("CancelTask", { id }), "CancelTask");
      const rest = await toArray(staying);
      if (!rest.some(({ response }) => isTerminal(stateIn(response))))
        found("no terminal event in the other stream", "one");
    },
  ),
  streaming(
    { id: "AC-1.9-interrupted", severity: "may", title: "the stream of a message ends where the task asks for input" },
    async ({ channel, tasks, messages }) => {
      const content = messages.inputRequired ?? skip("needs --input-required-message");
      const events = await toArray(eventsOf(await channel.open("SendStreamingMessage", tasks.request(content))));
      const id = textAt(events[0]?.response, "task", "id");
      if (id !== undefined) tasks.keep(id);
      const last = stateOf(events.map(({ response }) => stateIn(response)).findLast((status) => status !== undefined));
      if (last !== "TASK_STATE_INPUT_REQUIRED") found(`${last}`, "TASK_STATE_INPUT_REQUIRED");
    },
  ),
  streaming(
    {
      id: "AC-1.9-event-ids",
      severity: "may",
      bindings: OVER_HTTP,
      title: "events have ids, by which a client can go on",
    },
    async (target) => {
      const events = await sentStream(target);
      if (!events.some(({ sse }) => sse?.id !== undefined)) found("no id", "id: lines");
    },
  ),
  streaming(
    {
      ...{ id: "AC-1.9-heartbeat", severity: "may", bindings: OVER_HTTP, timeoutMs: 40_000 },
      title: "a silent stream has a comment every 30 s at least",
    },
    async ({ channel, tasks, signal }) => {
      const { id } = await tasks.working();
      const { reply, events } = await channel.open("SubscribeToTask", { id });
      if (reply !== undefined) skip(describeReply(reply));
      const patience = AbortSignal.timeout(31_000);
      const heard = (async () => {
        for await (const { sse } of events) if (sse?.comment !== undefined) return true;
        return undefined;
      })();
      const isHeard = await Promise.race([
        heard,
        new Promise<false>((no) => AbortSignal.any([patience, signal]).addEventListener("abort", () => no(false))),
      ]);
      await channel.call("CancelTask", { id });
      if (isHeard === undefined) skip("the task has ended before");
      if (isHeard === false) found("silence for 31 s", "a comment line");
    },
  ),
];

/** Servers that get streams wrong. */
import { cardMember, errorCode, type Mutation, type SeenCall } from "../mutated-server.ts";
import { type BrokenServer, type Json, message } from "./broken-server.ts";

function streamedError(when: (call: SeenCall) => boolean): Mutation {
  const body = 'data: {"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no"}}\n\n';
  return {
    instead: (call) =>
      when(call) ? { status: 200, headers: { "content-type": "text/event-stream" }, body } : undefined,
  };
}

function differing(): Mutation {
  let count = 0;
  return {
    frame: (call, frame) => {
      const update = frame["statusUpdate"] as Json | undefined;
      if (call.operation !== "SubscribeToTask" || update === undefined) return [frame];
      count += 1;
      return [{ statusUpdate: { ...update, metadata: { count } } }];
    },
  };
}

function onlyFirst(): Mutation {
  const first = new Map<unknown, SeenCall>();
  return {
    frame: (call, frame, index) => {
      if (call.operation !== "SubscribeToTask") return [frame];
      const id = call.params["id"];
      if (!first.has(id)) first.set(id, call);
      return index === 0 || first.get(id) === call ? [frame] : [];
    },
  };
}

export const STREAM_SERVERS: readonly BrokenServer[] = [
  [
    "streams without saying so",
    cardMember((card) => ({ ...card, capabilities: { ...(card["capabilities"] as Json), streaming: false } })),
    { fails: ["CORE-CAP-002/SendStreamingMessage", "CORE-CAP-002/SubscribeToTask"] },
  ],
  [
    "calls a stream JSON",
    {
      instead: (call) =>
        call.operation === "SendStreamingMessage" && message(call.params)?.["taskId"] === undefined
          ? { status: 200, headers: { "content-type": "application/json" }, body: "data: {}" }
          : undefined,
    },
    {
      fails: [
        "AC-1.9-events",
        "AC-1.9-media-type",
        "AC-1.9-same-result",
        "CORE-STREAM-001",
        "CORE-STREAM-002",
        "CORE-STREAM-003",
      ],
    },
  ],
  [
    "adds `final` to events",
    {
      frame: (_, frame) => [
        frame["statusUpdate"] ? { statusUpdate: { ...(frame["statusUpdate"] as Json), final: true } } : frame,
      ],
    },
    { fails: "AC-1.9-events" },
  ],
  [
    "streams no task",
    { frame: (call, frame, index) => (call.operation === "SendStreamingMessage" && index === 0 ? [] : [frame]) },
    { fails: "CORE-STREAM-001" },
  ],
  [
    "ends a stream too early",
    { frame: (call, frame) => (call.operation === "SendStreamingMessage" && frame["statusUpdate"] ? [] : [frame]) },
    { fails: ["AC-1.9-same-result", "CORE-STREAM-003"] },
  ],
  [
    "goes on after the end",
    {
      frame: (call, frame) =>
        call.operation === "SendStreamingMessage" && frame["statusUpdate"] ? [frame, frame] : [frame],
    },
    { fails: "CORE-STREAM-003" },
  ],
  [
    "loses the context on the way",
    {
      frame: (_, frame) => [
        frame["statusUpdate"] ? { statusUpdate: { ...(frame["statusUpdate"] as Json), contextId: "another" } } : frame,
      ],
    },
    { fails: "CORE-STREAM-002" },
  ],
  [
    "streams no artifacts",
    { frame: (_, frame) => (frame["artifactUpdate"] ? [] : [frame]) },
    { fails: "AC-1.9-same-result" },
  ],
  [
    "streams an error",
    streamedError(
      (call) => call.operation === "SendStreamingMessage" && message(call.params)?.["taskId"] !== undefined,
    ),
    { fails: "AC-1.9-error" },
  ],
  [
    "streams that there is no task",
    streamedError((call) => call.operation === "SubscribeToTask" && !String(call.params["id"]).startsWith("task-")),
    { fails: "STREAM-SUB-004" },
  ],
  ["says not found of what has ended", errorCode(-32004, -32001, "SubscribeToTask"), { fails: "STREAM-SUB-003" }],
  [
    "begins a subscription with an update",
    {
      frame: (call, frame, index) =>
        call.operation === "SubscribeToTask" && index === 0
          ? [
              {
                statusUpdate: {
                  taskId: (frame["task"] as Json)["id"],
                  contextId: (frame["task"] as Json)["contextId"],
                  status: (frame["task"] as Json)["status"],
                },
              },
            ]
          : [frame],
    },
    { fails: "STREAM-SUB-001" },
  ],
  [
    "keeps the end from subscribers",
    { frame: (call, frame) => (call.operation === "SubscribeToTask" && frame["statusUpdate"] ? [] : [frame]) },
    { fails: ["STREAM-ORDER-002", "STREAM-ORDER-004", "STREAM-SUB-002"] },
  ],
  ["tells every stream something else", differing(), { fails: "STREAM-ORDER-002" }],
  ["has one subscriber a task", onlyFirst(), { fails: ["STREAM-ORDER-002", "STREAM-ORDER-004"] }],
  [
    "frames events without their id",
    { event: (call, text) => (call.isRest ? text : text.replace(/"id":\d+/, '"id":0')) },
    {
      fails: [
        "AC-1.9-events",
        "AC-1.9-same-result",
        "CORE-STREAM-001",
        "CORE-STREAM-002",
        "CORE-STREAM-003",
        "STREAM-ORDER-002",
        "STREAM-ORDER-004",
        "STREAM-SUB-001",
        "STREAM-SUB-002",
      ],
    },
  ],
];

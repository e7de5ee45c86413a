/** Bad input is refused, and the refusal says where (A2A 3.3.2, 5.7; CORE-ERR-002). */
import { type Binding, check, found, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { isObject, type JsonObject, listAt, textAt } from "../json-values.ts";
import { unknownId } from "../target.ts";
import { BAD_REQUEST, expectError, isError } from "../wire-errors.ts";

const SECTION = "1.3 Input";

/** Made a valid one by what is not named in `more`; undefined takes a member away. */
const message = (more: JsonObject = {}): JsonObject => ({
  messageId: unknownId(),
  role: "ROLE_USER",
  parts: [{ text: "hello" }],
  ...more,
});

interface BadInput {
  readonly name: string;
  readonly title: string;
  readonly operation: string;
  readonly params: () => JsonObject;
  /** The last name in the path of the field. */
  readonly field: string;
  readonly bindings?: readonly Binding[];
}

const sent = (name: string, title: string, field: string, more: JsonObject, params: JsonObject = {}): BadInput => ({
  ...{ name, title, field, operation: "SendMessage" },
  params: () => ({ message: message(more), ...params }),
});

const listed = (name: string, title: string, field: string, params: JsonObject): BadInput => ({
  ...{ name, title, field, operation: "ListTasks" },
  params: () => params,
});

/** A type that JSON has and protobuf has not: nothing a gRPC client could send. */
const json = (input: BadInput): BadInput => ({ ...input, bindings: OVER_HTTP });

const BAD_INPUTS: readonly BadInput[] = [
  json({ ...sent("no-message", "a request without a message", "message", {}), params: () => ({}) }),
  json({ ...sent("message-type", "a message that is a text", "message", {}), params: () => ({ message: "hello" }) }),
  sent("no-message-id", "a message without messageId", "messageId", { messageId: undefined }),
  sent("empty-message-id", "a message with an empty messageId", "messageId", { messageId: "" }),
  sent("no-role", "a message without a role", "role", { role: undefined }),
  json(sent("lower-case-role", "a role in the spelling of 0.3", "role", { role: "user" })),
  sent("unspecified-role", "an unspecified role", "role", { role: "ROLE_UNSPECIFIED" }),
  sent("no-parts", "a message without parts", "parts", { parts: undefined }),
  sent("empty-parts", "a message with no part in its parts", "parts", { parts: [] }),
  sent("empty-part", "a part without content", "parts", { parts: [{}] }),
  json(
    sent("two-contents", "a part with two contents", "parts", {
      parts: [{ text: "hello", url: "https://example.com/" }],
    }),
  ),
  json(sent("text-type", "a text that is a number", "text", { parts: [{ text: 5 }] })),
  json(sent("raw", "raw bytes that are not base64", "raw", { parts: [{ raw: "not base64 at all!" }] })),
  json(sent("metadata", "metadata that is a text", "metadata", { metadata: "text" })),
  json(sent("configuration", "a configuration that is a text", "configuration", {}, { configuration: "text" })),
  sent("history-length", "a negative historyLength", "historyLength", {}, { configuration: { historyLength: -1 } }),
  json(
    sent(
      "immediately",
      "returnImmediately that is a text",
      "returnImmediately",
      {},
      { configuration: { returnImmediately: "perhaps" } },
    ),
  ),
  {
    ...{ name: "get-history-length", title: "GetTask with a negative historyLength", field: "historyLength" },
    ...{ operation: "GetTask", params: () => ({ id: unknownId(), historyLength: -1 }) },
  },
  {
    ...{ name: "get-no-id", title: "GetTask without an id", field: "id", operation: "GetTask" },
    ...{ params: () => ({}), bindings: ["JSONRPC", "GRPC"] },
  },
  {
    ...{ name: "cancel-no-id", title: "CancelTask without an id", field: "id", operation: "CancelTask" },
    ...{ params: () => ({}), bindings: ["JSONRPC", "GRPC"] },
  },
  listed("page-size-zero", "ListTasks with a pageSize of 0", "pageSize", { pageSize: 0 }),
  listed("page-size-over", "ListTasks with a pageSize over 100", "pageSize", { pageSize: 101 }),
  listed("page-size-negative", "ListTasks with a negative pageSize", "pageSize", { pageSize: -1 }),
  listed("page-token", "ListTasks with a pageToken that is none of the server's", "pageToken", {
    pageToken: "!no token of yours!",
  }),
  json(listed("status", "ListTasks with a status that there is not", "status", { status: "TASK_STATE_NO_SUCH" })),
  json(
    listed("lower-case-status", "ListTasks with a status in the spelling of 0.3", "status", { status: "completed" }),
  ),
  json(
    listed("timestamp", "ListTasks with a time that is none", "statusTimestampAfter", {
      statusTimestampAfter: "yesterday",
    }),
  ),
  listed("list-history-length", "ListTasks with a negative historyLength", "historyLength", { historyLength: -1 }),
];

const refused = (input: BadInput) => async (target: WireTarget) => {
  const reply = await send(target, input);
  expectError(reply, "invalid params");
};

const send = ({ channel, tasks, messages }: WireTarget, { operation, params }: BadInput) => {
  // Counts as a task: a server that checks nothing makes one.
  if (operation === "SendMessage") tasks.request(messages.complete);
  return channel.call(operation, params());
};

export const INPUT_CHECKS = [
  ...BAD_INPUTS.map((input) =>
    check(
      {
        ...{ id: `CORE-ERR-002/${input.name}`, section: SECTION, severity: "must" },
        title: `${input.title} is refused`,
        ...(input.bindings === undefined ? {} : { bindings: input.bindings }),
      },
      refused(input),
    ),
  ),
  ...BAD_INPUTS.filter(({ name }) => ["no-role", "empty-parts", "page-size-over"].includes(name)).map((input) =>
    check(
      {
        ...{ id: `AC-1.3-violation/${input.name}`, section: SECTION, severity: "should" },
        title: `the refusal of ${input.title} names the field`,
      },
      async (target) => {
        const reply = await send(target, input);
        if (!isError(reply, "invalid params")) skip("it is not refused as invalid");
        const fields = listAt(
          reply.error?.details.find((detail) => isObject(detail) && detail["@type"] === BAD_REQUEST),
          "fieldViolations",
        ).map((violation) => textAt(violation, "field") ?? "");
        if (!fields.some((field) => field.split(/[.[\]]+/).includes(input.field)))
          found(`field violations: ${fields.join(", ") || "none"}`, `google.rpc.BadRequest that names ${input.field}`);
      },
    ),
  ),
];

/** Who may do what: authentication, tenants, the extended card (A2A 3.1.11, 7, 13). */

import type { Channel, Reply } from "../channel.ts";
import { check, found, type ListedTraits, skip, type WireTarget } from "../check.ts";
import { isObject, type JsonObject, listAt, member, textAt } from "../json-values.ts";
import { capability, type MadeTask, resultOf, type TaskSource, unknownId, type VerifyMessages } from "../target.ts";
import { describeReply, expectError } from "../wire-errors.ts";
import { CardShape, expectShape } from "../wire-shapes.ts";

type Body = (target: WireTarget) => Promise<void>;
const access = (traits: ListedTraits, body: Body) => check({ ...traits, section: "1.14 Security" }, body);
const extended = (traits: ListedTraits, body: Body) => check({ ...traits, section: "1.13 Extended card" }, body);

const requiresCredentials = ({ server }: WireTarget): boolean => {
  const requirements = listAt(server.card, "securityRequirements");
  // An empty requirement among the alternatives means that none is needed.
  return (
    requirements.length > 0 &&
    requirements.every(
      (each) => isObject(member(each, "schemes")) && Object.keys(member(each, "schemes") as object).length > 0,
    )
  );
};

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;

const expectRefusal = (reply: Reply, expected: string): void => {
  if (reply.binding === "GRPC") {
    if (reply.error?.code !== UNAUTHENTICATED && reply.error?.code !== PERMISSION_DENIED)
      found(describeReply(reply), expected);
    return;
  }
  const status = reply.http?.status;
  if (status !== 401 && status !== 403) found(describeReply(reply), expected);
};

const PROTECTED = ["SendMessage", "GetTask", "ListTasks", "CancelTask"] as const;

const paramsOf = (operation: (typeof PROTECTED)[number], { tasks, messages }: WireTarget) => {
  if (operation === "SendMessage") return tasks.request(messages.complete);
  return operation === "ListTasks" ? {} : { id: unknownId() };
};

/** What only the task's own caller may do; to others the task is one that there is not. */
const OWN: readonly (readonly [string, (task: MadeTask, tasks: TaskSource, messages: VerifyMessages) => JsonObject])[] =
  [
    ["GetTask", ({ id }) => ({ id })],
    ["CancelTask", ({ id }) => ({ id })],
    ["SendMessage", ({ id }, tasks, { complete }) => ({ message: tasks.newMessage(complete, { taskId: id }) })],
  ];

const strangerOf = ({ stranger }: WireTarget): Channel =>
  stranger ?? skip("needs --other-bearer-env or --other-api-key-env");

export const ACCESS_CHECKS = [
  ...OWN.map(([operation, params]) =>
    access(
      {
        ...{ id: `AC-1.14-foreign/${operation}`, severity: "must" },
        title: `${operation} of another caller's task is answered as of one that there is not`,
      },
      async (target) => {
        const stranger = strangerOf(target);
        const task = await target.tasks.completed();
        expectError(await stranger.call(operation, params(task, target.tasks, target.messages)), "TASK_NOT_FOUND");
      },
    ),
  ),
  access(
    { id: "CORE-LIST-001", severity: "must", title: "ListTasks shows nobody the tasks of another caller" },
    async (target) => {
      const stranger = strangerOf(target);
      const { id, contextId } = await target.tasks.completed();
      for (const params of [{ contextId }, { pageSize: 100 }]) {
        const list = resultOf(await stranger.call("ListTasks", params), "a list");
        if (listAt(list, "tasks").some((task) => textAt(task, "id") === id))
          found("the task of another caller", "none");
      }
    },
  ),
  access(
    { id: "AC-1.14-foreign/context", severity: "must", title: "another caller's context is as one that there is not" },
    async (target) => {
      const stranger = strangerOf(target);
      const { contextId } = await target.tasks.completed();
      const send = (own: string | undefined) =>
        stranger.call("SendMessage", target.tasks.request(target.messages.complete, { message: { contextId: own } }));
      const [foreign, unknown] = [await send(contextId), await send(unknownId())];
      if (foreign.error?.code !== unknown.error?.code)
        found(describeReply(foreign), `what is said of an unknown one: ${describeReply(unknown)}`);
    },
  ),
  ...PROTECTED.map((operation) =>
    access(
      { id: `AC-1.14-anonymous/${operation}`, severity: "must", title: `${operation} without credentials is refused` },
      async (target) => {
        if (!requiresCredentials(target)) skip("the card requires no credentials");
        const reply = await target.channel.call(operation, paramsOf(operation, target), { anonymous: true });
        expectRefusal(reply, "HTTP 401 or 403");
      },
    ),
  ),
  access(
    {
      id: "AC-1.14-challenge",
      severity: "must",
      bindings: ["JSONRPC", "HTTP+JSON"],
      title: "a 401 says in WWW-Authenticate what it wants",
    },
    async (target) => {
      if (!requiresCredentials(target)) skip("the card requires no credentials");
      const reply = await target.channel.call("GetTask", { id: unknownId() }, { anonymous: true });
      if (reply.http?.status !== 401) skip(`it is answered with HTTP ${reply.http?.status}`);
      if ((reply.header("www-authenticate") ?? "") === "") found("no WWW-Authenticate", "a challenge");
    },
  ),
  access(
    { id: "AC-1.14-wrong-credentials", severity: "must", title: "wrong credentials are refused" },
    async (target) => {
      if (!requiresCredentials(target)) skip("the card requires no credentials");
      const headers = { authorization: `Bearer ${unknownId()}` };
      const reply = await target.channel.call("GetTask", { id: unknownId() }, { anonymous: true, headers });
      expectRefusal(reply, "HTTP 401 or 403");
    },
  ),
  access({ id: "AC-1.14-credentials", severity: "must", title: "the given credentials are taken" }, async (target) => {
    if (!requiresCredentials(target)) skip("the card requires no credentials");
    if (!target.server.hasCredentials) skip("needs --bearer-env or --api-key-env");
    expectError(await target.channel.call("GetTask", { id: unknownId() }), "TASK_NOT_FOUND");
  }),
  access(
    {
      id: "AC-1.13-tenant",
      severity: "should",
      title: "a request without the interface's tenant reaches nothing of it",
    },
    async (target) => {
      const { tenant } = target.channel.address;
      if (tenant === undefined || tenant === "") skip("the interface has no tenant");
      const { id } = await target.tasks.completed();
      const reply = await target.otherTenant(unknownId()).call("GetTask", { id });
      if (reply.error === undefined) found("the task", "an error");
    },
  ),

  extended(
    { id: "CORE-CAP-003", severity: "must", title: "without the capability, GetExtendedAgentCard is refused" },
    async ({ server, channel }) => {
      if (capability(server, "extendedAgentCard")) skip("the card declares an extended card");
      expectError(await channel.call("GetExtendedAgentCard", {}), "UNSUPPORTED_OPERATION");
    },
  ),
  extended(
    { id: "CARD-EXT-001", severity: "must", title: "the extended card needs credentials" },
    async ({ server, channel }) => {
      if (!capability(server, "extendedAgentCard")) skip("the card declares no extended card");
      expectRefusal(await channel.call("GetExtendedAgentCard", {}, { anonymous: true }), "HTTP 401 or 403");
    },
  ),
  extended(
    { id: "CARD-EXT-002", severity: "must", title: "the extended card is a card of 1.0, or not configured" },
    async ({ server, channel }) => {
      if (!capability(server, "extendedAgentCard")) skip("the card declares no extended card");
      if (!server.hasCredentials) skip("needs --bearer-env or --api-key-env");
      const reply = await channel.call("GetExtendedAgentCard", {});
      if (reply.error !== undefined) return expectError(reply, "EXTENDED_AGENT_CARD_NOT_CONFIGURED");
      expectShape(CardShape, resultOf(reply, "the card"), "the extended card");
    },
  ),
];

/** Push notifications (A2A 3.1.7 to 3.1.10, 4.3, 13.2). */
import { randomUUID } from "node:crypto";
import { check, found, type ListedTraits, skip, type WireTarget } from "../check.ts";
import { type JsonObject, listAt, member, shown, textAt } from "../json-values.ts";
import type { Delivery } from "../push-receiver.ts";
import { capability, type DeliveredTask, isTerminal, needed, resultOf, unknownId } from "../target.ts";
import { describeReply, expectError, isError } from "../wire-errors.ts";
import { expectShape, PushConfigListShape, PushConfigShape, StreamResponseShape } from "../wire-shapes.ts";

const SECTION = "1.10 Push notifications";

const push = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: SECTION }, async (target) => {
    if (!capability(target.server, "pushNotifications")) skip("the card declares no push notifications");
    await body(target);
  });

// Resolves nowhere (RFC 6761), so that nobody is called.
const NOWHERE = "https://webhook.invalid/agentcore-verify";

const OPERATIONS = {
  CreateTaskPushNotificationConfig: { url: NOWHERE },
  GetTaskPushNotificationConfig: { id: "none" },
  ListTaskPushNotificationConfigs: {},
  DeleteTaskPushNotificationConfig: { id: "none" },
};

/** A config of a task that is not over: those of an ended one a server may refuse. */
const openTask = async ({ tasks }: WireTarget) => {
  try {
    return await tasks.working();
  } catch {
    return tasks.interrupted();
  }
};

const created = async (target: WireTarget, more: JsonObject = {}) => {
  const { id: taskId } = await openTask(target);
  const reply = await target.channel.call("CreateTaskPushNotificationConfig", { taskId, url: NOWHERE, ...more });
  return { taskId, config: needed(reply, "CreateTaskPushNotificationConfig") };
};

/** A task with a config that came along with the message, and where it is told of. */
const announced = async ({ channel, tasks, messages, receiver }: WireTarget, more: JsonObject = {}) => {
  const inbox = (receiver ?? skip("needs --receiver")).inbox();
  const configuration = { taskPushNotificationConfig: { url: inbox.url, ...more } };
  const reply = await channel.call("SendMessage", tasks.request(messages.complete, { configuration }));
  const result = needed(reply, "SendMessage with a push config");
  if (member(result, "task") === undefined) skip("the agent answers with a message");
  return { inbox, task: member(result, "task") };
};

/** What arrives for one task from its first event to its last, or in the time of a check: the same for all checks. */
const delivered = (target: WireTarget): Promise<DeliveredTask> =>
  target.tasks.delivered(async () => {
    const { inbox, task } = await announced(target);
    return { task, deliveries: await inbox.until((all) => all.some(({ body }) => isEnd(body)), target.signal) };
  });

/** The first that arrives of another task. */
const firstOf = async (target: WireTarget, config: JsonObject): Promise<Delivery> => {
  const { inbox } = await announced(target, config);
  return first(await inbox.until((all) => all.length > 0, target.signal));
};

const isEnd = (body: unknown): boolean => isTerminal(member(body, "statusUpdate")) || isTerminal(member(body, "task"));

const first = (deliveries: readonly Delivery[]): Delivery =>
  deliveries[0] ?? skip("nothing was delivered (PUSH-DELIVER-001)");

export const PUSH_CHECKS = [
  ...Object.entries(OPERATIONS).map(([operation, params]) =>
    check(
      {
        ...{ id: `CORE-CAP-001/${operation}`, section: SECTION, severity: "must" },
        title: `without the capability, ${operation} is refused`,
      },
      async ({ server, channel }) => {
        if (capability(server, "pushNotifications")) skip("the card declares push notifications");
        expectError(
          await channel.call(operation, { taskId: unknownId(), ...params }),
          "PUSH_NOTIFICATION_NOT_SUPPORTED",
        );
      },
    ),
  ),
  push(
    {
      id: "PUSH-CREATE-001",
      severity: "must",
      title: "a config is created, with an id of the server where none is given",
    },
    async (target) => {
      const { id: taskId } = await openTask(target);
      const reply = await target.channel.call("CreateTaskPushNotificationConfig", { taskId, url: NOWHERE });
      const config = resultOf(reply, "the config");
      expectShape(PushConfigShape, config, "the config");
      if (textAt(config, "taskId") !== taskId || textAt(config, "url") !== NOWHERE)
        found(shown(config), `${taskId} and ${NOWHERE}`);
    },
  ),
  push(
    { id: "PUSH-CREATE-002", severity: "must", title: "a config of a task that there is not is refused" },
    async ({ channel }) =>
      expectError(
        await channel.call("CreateTaskPushNotificationConfig", { taskId: unknownId(), url: NOWHERE }),
        "TASK_NOT_FOUND",
      ),
  ),
  push(
    { id: "PUSH-CREATE-003", severity: "must", title: "a config with the same id takes the other's place" },
    async (target) => {
      const id = randomUUID();
      const { taskId } = await created(target, { id });
      const url = `${NOWHERE}/second`;
      needed(await target.channel.call("CreateTaskPushNotificationConfig", { taskId, id, url }), "the second create");
      const configs = listAt(
        needed(await target.channel.call("ListTaskPushNotificationConfigs", { taskId }), "the list"),
        "configs",
      );
      if (configs.length !== 1 || textAt(configs[0], "url") !== url) found(shown(configs), `one config, to ${url}`);
    },
  ),
  ...["no url at all", "file:///etc/passwd"].map((url, index) =>
    push(
      { id: `AC-1.10-url/${index + 1}`, severity: "must", title: `the webhook "${url}" is refused` },
      async (target) => {
        const { id: taskId } = await openTask(target);
        expectError(await target.channel.call("CreateTaskPushNotificationConfig", { taskId, url }), "invalid params");
      },
    ),
  ),
  push({ id: "PUSH-GET-001", severity: "must", title: "a config can be read" }, async (target) => {
    const { taskId, config } = await created(target);
    const reply = await target.channel.call("GetTaskPushNotificationConfig", { taskId, id: textAt(config, "id") });
    const read = resultOf(reply, "the config");
    expectShape(PushConfigShape, read, "the config");
    if (textAt(read, "url") !== NOWHERE) found(shown(read), NOWHERE);
  }),
  push({ id: "PUSH-GET-002", severity: "must", title: "a config that there is not is not found" }, async (target) => {
    const { taskId } = await created(target);
    expectError(
      await target.channel.call("GetTaskPushNotificationConfig", { taskId, id: unknownId() }),
      "TASK_NOT_FOUND",
    );
  }),
  push({ id: "PUSH-LIST-001", severity: "must", title: "the list has all configs of the task" }, async (target) => {
    const { taskId, config } = await created(target);
    const second = needed(
      await target.channel.call("CreateTaskPushNotificationConfig", { taskId, url: `${NOWHERE}/second` }),
      "the second create",
    );
    const list = resultOf(await target.channel.call("ListTaskPushNotificationConfigs", { taskId }), "the configs");
    expectShape(PushConfigListShape, list, "the list");
    const ids = listAt(list, "configs").map((each) => textAt(each, "id"));
    for (const each of [config, second])
      if (!ids.includes(textAt(each, "id"))) found(shown(ids), `${textAt(each, "id")} too`);
  }),
  push({ id: "PUSH-DELETE-001", severity: "must", title: "a config can be deleted, and is gone" }, async (target) => {
    const { taskId, config } = await created(target);
    const id = textAt(config, "id");
    resultOf(await target.channel.call("DeleteTaskPushNotificationConfig", { taskId, id }), "no error");
    const read = await target.channel.call("GetTaskPushNotificationConfig", { taskId, id });
    if (read.error === undefined) found(describeReply(read), "an error");
  }),
  push({ id: "PUSH-DELETE-002", severity: "must", title: "a second deletion is no error" }, async (target) => {
    const { taskId, config } = await created(target);
    const id = textAt(config, "id");
    needed(await target.channel.call("DeleteTaskPushNotificationConfig", { taskId, id }), "the deletion");
    const again = await target.channel.call("DeleteTaskPushNotificationConfig", { taskId, id });
    if (again.error !== undefined) found(describeReply(again), "no error");
  }),
  push(
    {
      id: "PUSH-DELIVER-001",
      severity: "must",
      title: "what happens to the task is posted to the webhook, to its end",
    },
    async (target) => {
      const { deliveries, task } = await delivered(target);
      if (deliveries.length === 0) found("nothing in the time of a check (--timeout)", "a POST for each event");
      if (isTerminal(task) && !deliveries.some(({ body }) => isEnd(body)))
        found(
          shown(deliveries.map(({ body }) => Object.keys((body ?? {}) as object).join())),
          "the terminal state as well",
        );
    },
  ),
  push({ id: "AC-1.10-body", severity: "must", title: "the body is a StreamResponse in its form" }, async (target) => {
    const { deliveries } = await delivered(target);
    first(deliveries);
    for (const { body } of deliveries) expectShape(StreamResponseShape, body, "the body");
  }),
  push(
    { id: "AC-1.10-media-type", severity: "must", title: "the media type is application/a2a+json" },
    async (target) => {
      const { headers } = first((await delivered(target)).deliveries);
      if (!/^application\/a2a\+json\b/i.test(headers["content-type"] ?? ""))
        found(`${headers["content-type"]}`, "application/a2a+json");
    },
  ),
  push(
    { id: "AC-1.10-authorization", severity: "must", title: "the config's authentication is sent along" },
    async (target) => {
      const authentication = { scheme: "Bearer", credentials: "verify-credentials" };
      const { headers } = await firstOf(target, { authentication });
      if (headers["authorization"] !== "Bearer verify-credentials")
        found(`Authorization: ${headers["authorization"] ?? "none"}`, "Bearer and the credentials");
    },
  ),
  push(
    {
      ...{ id: "AC-1.10-token", severity: "should" },
      title: "the config's token is sent along, also beside an authentication",
    },
    async (target) => {
      const authentication = { scheme: "Bearer", credentials: "verify-credentials" };
      const { headers } = await firstOf(target, { authentication, token: "verify-token" });
      const token = headers["x-a2a-notification-token"];
      if (token !== "verify-token") found(`X-A2A-Notification-Token: ${token ?? "none"}`, "the token");
    },
  ),
  push(
    { id: "AC-1.10-order", severity: "must", title: "notifications come in the order of what happened" },
    async (target) => {
      const { deliveries } = await delivered(target);
      first(deliveries);
      const end = deliveries.findIndex(({ body }) => isEnd(body));
      if (end === -1) skip("the terminal state was not delivered (PUSH-DELIVER-001)");
      if (end !== deliveries.length - 1) found("something after the terminal state", "the terminal state last");
      const times = deliveries.flatMap(
        ({ body }) =>
          textAt(body, "statusUpdate", "status", "timestamp") ?? textAt(body, "task", "status", "timestamp") ?? [],
      );
      const wrong = times.findIndex((at, index) => index > 0 && Date.parse(at) < Date.parse(times[index - 1] ?? ""));
      if (wrong !== -1) found(`${times[wrong - 1]}, then ${times[wrong]}`, "the order of time");
    },
  ),
  push(
    { id: "AC-1.10-unknown", severity: "must", title: "configs of a task that there is not are not found" },
    async ({ channel }) => {
      const list = await channel.call("ListTaskPushNotificationConfigs", { taskId: unknownId() });
      if (!isError(list, "TASK_NOT_FOUND")) found(describeReply(list), "TASK_NOT_FOUND");
    },
  ),
];

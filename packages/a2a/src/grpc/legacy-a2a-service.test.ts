import { once } from "node:events";
import { PlatformError } from "@agentcore/contract";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { all, closeAll, detailsOf, failureOf, startGrpc, TASK } from "../../test/grpc-world.ts";

afterEach(closeAll);

describe("A2A 0.3", () => {
  it("sends, reads and streams through the translation", async () => {
    const { world, legacy } = await startGrpc();
    const message = {
      messageId: "m1",
      contextId: "",
      taskId: "",
      role: 1,
      content: [{ part: { $case: "text", value: "hello" } }],
      extensions: [],
    };
    const request = { request: message, configuration: undefined, metadata: undefined };
    const sent = await legacy.unary("sendMessage", request);
    expect(sent["payload"]).toMatchObject({ $case: "task", value: { id: "t1", status: { state: 2 } } });
    expect(await legacy.unary("getTask", { name: "tasks/t1", historyLength: 0 })).toMatchObject({ id: "t1" });
    const chunks = await all(legacy.stream("sendStreamingMessage", request));
    expect(chunks.at(-1)?.["payload"]).toMatchObject({ $case: "statusUpdate", value: { final: true } });
    await all(legacy.stream("taskSubscription", { name: "tasks/t1" }));
    expect(world.asked.map(({ operation }) => operation)).toEqual([
      "SendMessage",
      "GetTask",
      "SendStreamingMessage",
      "SubscribeToTask",
    ]);
    expect(world.asked[0]?.params).toMatchObject({
      message: { messageId: "m1", role: "ROLE_USER", parts: [{ text: "hello" }] },
    });
    expect(world.opened).toEqual(["", "", "", ""]);
    expect(world.requests[0]).toMatchObject({ version: "0.3" });
    expect(world.released).toBe(2);
  });

  const config = { id: "p1", url: "https://hook.test", token: "", authentication: undefined };
  const name = "tasks/t1/pushNotificationConfigs/p1";

  it.each([
    ["cancelTask", { name: "tasks/t1" }, "CancelTask", { id: "t1" }],
    [
      "createTaskPushNotificationConfig",
      { parent: "tasks/t1", configId: "p1", config: { name, pushNotificationConfig: config } },
      "CreateTaskPushNotificationConfig",
      { taskId: "t1", id: "p1", url: "https://hook.test" },
    ],
    ["getTaskPushNotificationConfig", { name }, "GetTaskPushNotificationConfig", { taskId: "t1", id: "p1" }],
    [
      "listTaskPushNotificationConfig",
      { parent: "tasks/t1", pageSize: 0, pageToken: "" },
      "ListTaskPushNotificationConfigs",
      { taskId: "t1" },
    ],
    ["deleteTaskPushNotificationConfig", { name }, "DeleteTaskPushNotificationConfig", { taskId: "t1", id: "p1" }],
    ["getAgentCard", {}, "GetExtendedAgentCard", {}],
  ])("%s asks for the operation of 1.0", async (method, request, operation, params) => {
    const { world, legacy } = await startGrpc();
    await legacy.unary(method, request);
    expect(world.asked).toMatchObject([{ operation, params }]);
  });

  it("a history length that is not set asks for the whole history", async () => {
    const { world, legacy } = await startGrpc();
    const message = { messageId: "m1", contextId: "", taskId: "", role: 1, content: [], extensions: [] };
    const configuration = { acceptedOutputModes: [], pushNotification: undefined, blocking: true };
    const lengths = [0, 2];
    for (const historyLength of lengths) {
      await legacy.unary("getTask", { name: "tasks/t1", historyLength });
      await legacy.unary("sendMessage", { request: message, configuration: { ...configuration, historyLength } });
    }
    const [all, sentAll, two, sentTwo] = world.asked.map(({ params }) => params as Record<string, object>);
    expect([all, two]).toEqual([{ id: "t1" }, { id: "t1", historyLength: 2 }]);
    expect(sentAll?.["configuration"]).not.toHaveProperty("historyLength");
    expect(sentTwo?.["configuration"]).toMatchObject({ historyLength: 2 });
  });

  it("an error comes as the node threw it", async () => {
    const { world, legacy } = await startGrpc();
    world.fault = new PlatformError("TASK_NOT_FOUND", "there is no task t9");
    const error = await failureOf(legacy.unary("getTask", { name: "tasks/t9", historyLength: 0 }));
    expect([error.code, error.details]).toEqual([status.NOT_FOUND, "there is no task t9"]);
    expect(detailsOf(error)["details"]).toMatchObject([{ reason: "TASK_NOT_FOUND" }]);
    const streamed = await failureOf(all(legacy.stream("taskSubscription", { name: "tasks/t9" })));
    expect([streamed.code, streamed.details]).toEqual([status.NOT_FOUND, "there is no task t9"]);
    const nameless = await failureOf(legacy.unary("getTask", { name: "nothing", historyLength: 0 }));
    expect(nameless.code).toBe(status.INVALID_ARGUMENT);
  });

  it("a client that goes away ends its stream", async () => {
    const { world, legacy } = await startGrpc();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    const stream = legacy.stream("taskSubscription", { name: "tasks/t1" });
    stream.on("error", () => {});
    await once(stream, "data");
    stream.cancel();
    await world.gone;
    await expect.poll(() => world.released).toBeGreaterThan(0);
  });
});

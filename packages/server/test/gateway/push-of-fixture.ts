/** Push notifications of a gateway whose tasks are fake: the node's own configurations and dispatcher, over HTTP. */
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { TaskKey } from "@agentcore/core/ports";
import { createRecordingLogger } from "@agentcore/core/testing";
import { loadLegacy } from "../../src/gateway/a2a/load-legacy.ts";
import { Metrics } from "../../src/metrics.ts";
import { createPushConfigs } from "../../src/push/push-configs.ts";
import { PushDispatcher } from "../../src/push/push-dispatcher.ts";
import { PushStore } from "../../src/push/push-store.ts";
import { createWebhookSender } from "../../src/push/webhook-sender.ts";
import { systemClock as clock, createIds } from "../../src/system-senses.ts";
import { createNodeTurns } from "../../src/turns/node-turns.ts";
import type { FakeTaskService } from "./fake-task-service.ts";

export const createPushOfFixture = () => {
  const keyValue = createMemoryKeyValue({ clock });
  const store = new PushStore(keyValue, createRecordingLogger());
  return {
    configs: createPushConfigs({ store, clock, ids: createIds() }),
    /** Sends what `tasks` log, also to this machine, until it is closed. */
    dispatch(tasks: FakeTaskService): PushDispatcher {
      const scopeOf = ({ tenantId }: TaskKey) => ({ tenantId, caller: "", operator: true });
      const logger = createRecordingLogger();
      const turns = createNodeTurns({
        ...{ keyValue, isShared: true, senses: { clock, logger }, node: "n1", life: "1" },
        ...{ random: () => 0, isLeaving: () => false },
      });
      const dispatcher = new PushDispatcher({
        ...{ store, clock, turns, logger, metrics: new Metrics() },
        toLegacyTask: async (task) => (await loadLegacy()).toLegacyTask(task),
        log: {
          head: async (key) => (tasks.tasks.has(key.taskId) ? tasks.head(scopeOf(key), key.taskId) : null),
          read: (key, after) => tasks.log(scopeOf(key), key.taskId, { after, limit: 100 }),
          listen(_, hear) {
            tasks.wakers.add(hear);
            return () => tasks.wakers.delete(hear);
          },
        },
        send: createWebhookSender({ allowPrivate: true, clock, version: "0.1.0" }),
        random: () => 0,
      });
      dispatcher.start();
      return dispatcher;
    },
  };
};

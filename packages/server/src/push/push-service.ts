/** Push notifications of a node: what front doors may do with configurations, and what sends. */

import { type A2ATask } from "@agentcore/contract";
import type { KeyValue, Senses, TaskKey } from "@agentcore/core/ports";
import type { TaskEngine } from "@agentcore/core/tasks";
import type { Lookup } from "@agentcore/outbound";
import { loadLegacy } from "../gateway/a2a/load-legacy.ts";
import type { PushConfigService } from "../gateway/deps/push-config-service.ts";
import type { Metrics } from "../metrics.ts";
import type { NodeTurns } from "../turns/node-turns.ts";
import { createPushConfigs } from "./push-configs.ts";
import { PushDispatcher } from "./push-dispatcher.ts";
import { PushStore } from "./push-store.ts";
import { createWebhookSender } from "./webhook-sender.ts";

export interface PushService {
  readonly configs: PushConfigService;
  /** A task was removed: so are its configurations. */
  forget(key: TaskKey): void;
  start(): void;
  close(): Promise<void>;
}

const READ_EVENTS = 100;
// Of a webhook's turn, of which there are 64 at once. A larger event is read alone.
const READ_BYTES = 1024 * 1024;

export const createPushService = (options: {
  readonly engine: TaskEngine;
  readonly keyValue: KeyValue;
  readonly senses: Senses;
  readonly metrics: Metrics;
  readonly turns: NodeTurns;
  readonly version: string;
  readonly allowPrivate: boolean;
  readonly lookup?: Lookup | undefined;
}): PushService => {
  const { engine, keyValue, senses, metrics, turns, version, allowPrivate, lookup } = options;
  const { clock, ids, logger } = senses;
  const store = new PushStore(keyValue, logger);
  const dispatcher = new PushDispatcher({
    ...{ store, clock, logger, metrics, turns, toLegacyTask },
    log: {
      head: (key) => engine.store.head(key),
      read: (key, after) => engine.store.readLog(key, { after, limit: READ_EVENTS, maxBytes: READ_BYTES }),
      listen(key, hear) {
        const listener = { hear };
        engine.hub.listen(key, listener);
        return () => engine.hub.unlisten(key, listener);
      },
    },
    send: createWebhookSender({ allowPrivate, clock, version, lookup }),
    random: Math.random,
  });
  // One after the other: retention removes hundreds at once.
  let forgetting: Promise<void> = Promise.resolve();
  return {
    configs: createPushConfigs({ store, clock, ids }),
    forget(key) {
      // What fails here is done by the dispatcher, which finds no task, or goes by its age.
      forgetting = forgetting.then(() => store.deleteOfTask(key)).catch(() => undefined);
    },
    start: () => dispatcher.start(),
    async close() {
      await dispatcher.close();
      await forgetting;
    },
  };
};

/** Only now: a node without webhooks of 0.3 does not pay for the SDK. */
const toLegacyTask = async (task: A2ATask): Promise<unknown> => {
  const legacy = await loadLegacy();
  return legacy.toLegacyTask(task);
};

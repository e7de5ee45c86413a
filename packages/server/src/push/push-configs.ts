/** What front doors may do with push configurations. Who may see the task is for them to have asked. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Ids } from "@agentcore/core/ports";
import type { CallerScope } from "@agentcore/core/tasks";
import type {
  PushConfigService,
  PushRegistration,
  PushState,
  RegisteredConfig,
} from "../gateway/deps/push-config-service.ts";
import { createInTurn } from "./in-turn.ts";
import { OpenPlaces, type OpenPlacesOptions } from "./open-places.ts";
import type { PushKey, PushRecord, PushStore, StoredPush } from "./push-store.ts";

export const MAX_CONFIGS_PER_TASK = 20;
const MAX_TRIES = 10;

export interface PushConfigsOptions extends OpenPlacesOptions {
  readonly store: PushStore;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly ids: Ids;
}

export const createPushConfigs = (options: PushConfigsOptions): PushConfigService => {
  const { store, clock, ids } = options;
  const places = new OpenPlaces(options);
  const inTurn = createInTurn();

  const find = async (scope: CallerScope, taskId: string, id: string): Promise<StoredPush | null> => {
    const stored = await store.get({ tenantId: scope.tenantId, taskId, configId: id });
    return stored !== null && isVisible(scope, stored.record) ? stored : null;
  };

  const assertAtMost = async (key: PushKey, max: number): Promise<void> => {
    let known = 0;
    for await (const _ of store.ofTask(key)) known += 1;
    if (known > max)
      throw new PlatformError(
        "OVERLOADED",
        `task ${key.taskId} has ${MAX_CONFIGS_PER_TASK} push configurations already, which is as many as may be; delete one of them`,
      );
  };

  /** False when somebody else has made it. Of one task, one after the other. */
  const make = async (scope: CallerScope, key: PushKey, record: PushRecord): Promise<boolean> => {
    const place = await places.take(scope);
    try {
      await assertAtMost(key, MAX_CONFIGS_PER_TASK - 1);
      if ((await store.put(key, record, 0)) === null) {
        place.giveBack();
        return false;
      }
      // Another node may have made one meanwhile: whoever sees one too many takes its own away. Both may, but none too many stays.
      await assertAtMost(key, MAX_CONFIGS_PER_TASK).catch(async (error) => {
        await withdraw(key, record.uid);
        throw error;
      });
    } catch (error) {
      place.giveBack();
      throw error;
    }
    place.stored();
    return true;
  };

  const withdraw = async (key: PushKey, uid: string): Promise<void> => {
    for (;;) {
      const stored = await store.get(key);
      if (stored === null || stored.record.uid !== uid || (await store.delete(key, stored.version))) return;
    }
  };

  return {
    async assertRoom(scope, config) {
      await places.assert(scope);
      if (config === undefined) return;
      const key = { tenantId: scope.tenantId, taskId: config.taskId, configId: config.id };
      if ((await store.get(key)) === null) await assertAtMost(key, MAX_CONFIGS_PER_TASK - 1);
    },

    async register(scope, { config, version, from }: PushRegistration) {
      const { tenantId, caller } = scope;
      const id = config.id === undefined || config.id === "" ? ids.next() : config.id;
      const key: PushKey = { tenantId, taskId: config.taskId, configId: id };
      const kept: PushRecord["config"] = { ...config, id };
      const fresh = { attempts: 0, nextAttemptAt: 0 };
      for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
        const known = await store.get(key);
        if (known === null) {
          const made = { uid: ids.next(), caller, createdAt: clock.now(), from, acknowledged: 0 };
          const record = { ...made, config: kept, version, ...fresh, state: "open" as const };
          if (!(await inTurn(`${tenantId}/${config.taskId}`, () => make(scope, key, record)))) continue;
          return shown(kept);
        }
        if (!isVisible(scope, known.record))
          throw new PlatformError("CONFLICT", `the id ${id} is used for this task already; leave it out to get one`, {
            violations: [{ field: "id", description: "expected an id that nobody else uses for this task" }],
          });
        // What failed is tried again at once, since this may be what mends it.
        const { failingSince: _since, lastError: _error, partial, ...before } = known.record;
        const state = before.state === "done" ? ("done" as const) : ("open" as const);
        // Another version makes other notifications of the same event: it gets all of them.
        const begun = partial === undefined || before.version !== version ? {} : { partial };
        const record = { ...before, ...begun, ...fresh, config: kept, version, state };
        if ((await store.put(key, record, known.version)) !== null) return shown(kept);
      }
      throw changing(id);
    },

    async get(scope, taskId, id) {
      const stored = await find(scope, taskId, id);
      if (stored !== null) return shown(stored.record.config);
      throw new PlatformError("TASK_NOT_FOUND", `task ${taskId} has no push configuration ${id}`, {
        details: { taskId, id },
      });
    },

    async list(scope, taskId, { pageSize, pageToken }) {
      const after = pageToken === undefined || pageToken === "" ? undefined : decodeToken(pageToken);
      const configs: RegisteredConfig[] = [];
      for await (const { record } of store.ofTask({ tenantId: scope.tenantId, taskId }, after)) {
        if (!isVisible(scope, record)) continue;
        const last = configs.at(-1);
        if (configs.length >= pageSize && last !== undefined) return { configs, nextPageToken: encodeToken(last.id) };
        configs.push(shown(record.config));
      }
      return { configs, nextPageToken: "" };
    },

    async states(scope, taskId) {
      const states: PushState[] = [];
      for await (const { record } of store.ofTask({ tenantId: scope.tenantId, taskId }))
        if (isVisible(scope, record)) states.push(stateOf(record));
      return states;
    },

    async delete(scope, taskId, id) {
      for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
        const stored = await find(scope, taskId, id);
        if (stored === null || (await store.delete(stored.key, stored.version))) return;
      }
      throw changing(id);
    },
  };
};

const changing = (id: string): PlatformError =>
  new PlatformError("CONFLICT", `push configuration ${id} is being changed by somebody else; try again`);

const isVisible = (scope: CallerScope, record: PushRecord): boolean =>
  scope.operator === true || record.caller === scope.caller;

/** As clients get it: what is unset is left out. */
const shown = ({ id, taskId, url, token, authentication }: PushRecord["config"]): RegisteredConfig => ({
  id,
  taskId,
  url,
  ...(token === undefined || token === "" ? {} : { token }),
  ...(authentication === undefined ? {} : { authentication }),
});

const stateOf = ({ config, state, acknowledged, attempts, nextAttemptAt, lastError }: PushRecord): PushState => ({
  ...{ id: config.id, host: new URL(config.url).host, state, acknowledged, attempts },
  nextAttemptAt: state === "open" && attempts > 0 ? nextAttemptAt : null,
  lastError: lastError ?? null,
});

const encodeToken = (id: string): string => Buffer.from(id).toString("base64url");

const decodeToken = (token: string): string => {
  const id = Buffer.from(token, "base64url").toString();
  if (encodeToken(id) === token) return id;
  throw new PlatformError("INVALID_ARGUMENT", "the page token is not one of ours", {
    violations: [{ field: "pageToken", description: "expected the nextPageToken of an earlier answer" }],
  });
};

/** What front doors may do with push configurations. Who may see the task is for them to have asked. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Ids } from "@agentcore/core/ports";
import type { CallerScope } from "@agentcore/core/tasks";
import type { PushConfigService, PushRegistration, PushState, RegisteredConfig } from "../gateway/deps.ts";
import type { PushKey, PushRecord, PushStore, StoredPush } from "./push-store.ts";

export const MAX_CONFIGS_PER_TASK = 20;
export const MAX_OPEN_PER_CALLER = 5_000;
export const MAX_OPEN_PER_TENANT = 10_000;
// Counting reads them all: not for each request that is refused.
const RECOUNT_MS = 1_000;
const MAX_TRIES = 10;

export const createPushConfigs = (options: {
  readonly store: PushStore;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly ids: Ids;
  readonly maxOpenPerCaller?: number | undefined;
  readonly maxOpenPerTenant?: number | undefined;
}): PushConfigService => {
  const { store, clock, ids } = options;
  const room = new Room(options);

  const find = async (scope: CallerScope, taskId: string, id: string): Promise<StoredPush | null> => {
    const stored = await store.get({ tenantId: scope.tenantId, taskId, configId: id });
    return stored !== null && isVisible(scope, stored.record) ? stored : null;
  };

  const assertRoomAtTask = async (key: PushKey): Promise<void> => {
    let known = 0;
    for await (const _ of store.ofTask(key)) known += 1;
    if (known >= MAX_CONFIGS_PER_TASK)
      throw new PlatformError(
        "OVERLOADED",
        `task ${key.taskId} has ${known} push configurations already, which is as many as may be; delete one of them`,
      );
  };

  return {
    async assertRoom(scope, config) {
      await room.assert(scope);
      if (config === undefined) return;
      const key = { tenantId: scope.tenantId, taskId: config.taskId, configId: config.id };
      if ((await store.get(key)) === null) await assertRoomAtTask(key);
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
          await room.assert(scope);
          await assertRoomAtTask(key);
          const made = { uid: ids.next(), caller, createdAt: clock.now(), from, acknowledged: 0 };
          const record = { ...made, config: kept, version, ...fresh };
          if ((await store.put(key, { ...record, state: "open" }, 0)) === null) continue;
          room.taken(scope);
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

interface Counted {
  at: number;
  readonly byCaller: Map<string, number>;
}

/** How many are open. Between two countings it is a guess that only grows: nobody is refused by it alone. */
class Room {
  private readonly store: PushStore;
  private readonly clock: Pick<Clock, "monotonic">;
  private readonly perCaller: number;
  private readonly perTenant: number;
  private readonly tenants = new Map<string, Counted>();

  constructor(options: Parameters<typeof createPushConfigs>[0]) {
    this.store = options.store;
    this.clock = options.clock;
    this.perCaller = options.maxOpenPerCaller ?? MAX_OPEN_PER_CALLER;
    this.perTenant = options.maxOpenPerTenant ?? MAX_OPEN_PER_TENANT;
  }

  async assert({ tenantId, caller }: CallerScope): Promise<void> {
    const known = this.tenants.get(tenantId);
    if (known !== undefined && this.refusal(known, caller) === null) return;
    const isFresh = known !== undefined && this.clock.monotonic() - known.at < RECOUNT_MS;
    const why = this.refusal(isFresh ? known : await this.count(tenantId), caller);
    if (why !== null)
      throw new PlatformError("OVERLOADED", `${why}; delete some, or wait until tasks end`, {
        retryAfterMs: RECOUNT_MS,
      });
  }

  taken({ tenantId, caller }: CallerScope): void {
    const byCaller = this.tenants.get(tenantId)?.byCaller;
    byCaller?.set(caller, (byCaller.get(caller) ?? 0) + 1);
  }

  private async count(tenantId: string): Promise<Counted> {
    const counted: Counted = { at: this.clock.monotonic(), byCaller: new Map() };
    for await (const { record } of this.store.all(tenantId)) {
      if (record.state !== "open") continue;
      counted.byCaller.set(record.caller, (counted.byCaller.get(record.caller) ?? 0) + 1);
    }
    this.tenants.set(tenantId, counted);
    return counted;
  }

  private refusal({ byCaller }: Counted, caller: string): string | null {
    const own = byCaller.get(caller) ?? 0;
    if (own >= this.perCaller)
      return `you have ${own} push configurations of tasks that go on, ${this.perCaller} are allowed`;
    let all = 0;
    for (const count of byCaller.values()) all += count;
    return all >= this.perTenant ? `the tenant has ${all} push configurations, ${this.perTenant} are allowed` : null;
  }
}

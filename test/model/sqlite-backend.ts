/** SQLite on a real file: killed and started again as processes are, one at a time. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPayloadStore } from "@agentcore/core/payloads";
import type { Clock, TaskStore } from "@agentcore/core/ports";
import { createTestCodec } from "@agentcore/core/testing";
import { openSqlite, type SqliteStores } from "@agentcore/sqlite";
import type { Backend } from "./backend.ts";

const ignore = (): void => undefined;

export const createSqliteBackend = async (clock: Clock): Promise<Backend> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-model-"));
  const pending = new Set<Promise<unknown>>();
  const counted = <T>(work: () => Promise<T>): Promise<T> => {
    const answer = work();
    const settle = (): void => void pending.delete(answer);
    pending.add(answer);
    answer.then(settle, settle);
    return answer;
  };
  const watch = (store: TaskStore): TaskStore =>
    new Proxy(store, {
      get: (target, name: keyof TaskStore) => {
        const method = target[name] as ((...given: unknown[]) => unknown) | undefined;
        if (method === undefined || name === "listen") return method?.bind(target);
        return (...given: unknown[]) => counted(async () => method.apply(target, given));
      },
    });
  const openFolder = (offset: () => number): Promise<SqliteStores> =>
    counted(() => openSqlite({ directory, clock: { now: () => clock.now() + offset() } }));
  let stores: SqliteStores | null = null;
  let store: TaskStore | null = null;
  return {
    ...{ name: "sqlite", leaseMs: null, hasLateWrites: false },
    underWay: () => (pending.size === 0 ? null : Promise.race(pending).then(ignore, ignore)),
    open: async (_, offset) => {
      stores = await openFolder(offset);
      store = watch(createPayloadStore({ store: stores.tasks, blobs: stores.blobs, codec: createTestCodec([]) }));
      return store;
    },
    // What had reached the store's thread is written, as after a kill; what had not never comes.
    abandon: () => counted(async () => stores?.close()),
    observer: () => {
      if (store === null) throw new Error("nobody has opened the folder yet");
      return store;
    },
    close: async () => {
      await stores?.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

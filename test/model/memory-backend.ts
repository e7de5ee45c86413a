/** The store in memory: of one process, or shared by several with leases, as a database has them. */
import { PlatformError } from "@agentcore/contract";
import { createMemoryTaskStore, type MemoryTaskStore } from "@agentcore/core/inprocess";
import type { Clock, CommitUnit, Lease, StoreHint, TaskKey, TaskStore } from "@agentcore/core/ports";
import type { Backend } from "./backend.ts";

export const createMemoryBackend = (clock: Clock): Backend => {
  let store = createMemoryTaskStore({ clock });
  return {
    ...{ name: "memory", leaseMs: null, hasLateWrites: false },
    open: async () => (store = store.reopen()),
    abandon: async () => {},
    observer: () => store,
    close: () => store.close(),
  };
};

interface Worker {
  readonly node: string;
  until: number;
}

const nameOf = ({ tenantId, taskId }: TaskKey): string => JSON.stringify([tenantId, taskId]);

/** Leases as `packages/postgres/src/worker-lease.ts` has them: of a worker, by the store's clock. */
export const createSharedMemoryBackend = (clock: Clock, leaseMs: number): Backend => {
  const base: MemoryTaskStore = createMemoryTaskStore({ clock });
  const workers = new Set<Worker>();
  const holders = new Map<string, { readonly key: TaskKey; readonly worker: Worker }>();
  const listeners = new Map<(hint: StoreHint) => void, string>();

  const remove = (worker: Worker): number => {
    workers.delete(worker);
    const held = [...holders.values()].filter((holder) => holder.worker === worker).map(({ key }) => key);
    base.voidLeases(held);
    for (const key of held) holders.delete(nameOf(key));
    return held.length;
  };
  let last: Promise<unknown> = Promise.resolve();
  /**
   * One transaction after another, as the lock of a worker's row has it: who takes a worker's place waits for what that
   * one is writing. Else what was written meanwhile would stay leased to a worker that is gone, and nobody would free it.
   */
  const transact = <T>(work: () => T | Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const join = (node: string): Worker => {
    for (const worker of [...workers]) if (worker.node === node) remove(worker);
    const worker = { node, until: clock.now() + leaseMs };
    workers.add(worker);
    return worker;
  };
  let told = 0;
  /** Two of three get lost. */
  const tell = (from: string, hint: StoreHint): void => {
    if (++told % 3 !== 0) return;
    for (const [listener, node] of listeners) if (node !== from) listener(hint);
  };
  const wrong: string[] = [];
  /** Before a unit is written: only who holds a task may (I1). */
  const isForeign = (worker: Worker, { tenantId, taskId, append }: CommitUnit): boolean =>
    append !== undefined && holders.get(nameOf({ tenantId, taskId: taskId ?? "" }))?.worker !== worker;
  const learn = (worker: Worker, { tenantId, taskId, append, create = [], mail = [] }: CommitUnit): void => {
    if (append?.release !== undefined) holders.delete(nameOf({ tenantId, taskId: taskId ?? "" }));
    for (const task of create) {
      const key = { tenantId, taskId: task.taskId };
      if (task.claimed !== undefined && task.claimed.release === undefined) holders.set(nameOf(key), { key, worker });
    }
    if (append !== undefined) tell(worker.node, { kind: "changed", tenantId, taskId: taskId ?? "" });
    for (const item of mail) tell(worker.node, { kind: "changed", tenantId, taskId: item.taskId });
    if (mail.length > 0 || create.length > 0) tell(worker.node, { kind: "due" });
  };

  return {
    ...{ name: "memory", leaseMs, hasLateWrites: true, wrong },
    open: async (node) => {
      let worker = await transact(() => join(node));
      const assertHeld = (): void => {
        if (!workers.has(worker)) throw new PlatformError("LEASE_LOST", "this worker's lease was given to others");
      };
      return new Proxy(base as TaskStore, {
        get: (target, name: keyof TaskStore) => {
          switch (name) {
            case "commit":
              return (units: readonly CommitUnit[]) =>
                transact(async () => {
                  assertHeld();
                  const foreign = new Set(units.filter((unit) => isForeign(worker, unit)));
                  const outcomes = await target.commit(units);
                  for (const [index, unit] of units.entries()) {
                    if (outcomes[index]?.outcome !== "committed") continue;
                    if (foreign.has(unit)) wrong.push(`${unit.taskId} was written by ${node}, which does not hold it`);
                    learn(worker, unit);
                  }
                  return outcomes;
                });
            case "claim":
              return (request: Parameters<TaskStore["claim"]>[0]) =>
                transact(async () => {
                  assertHeld();
                  const claimed = await target.claim(request);
                  for (const { head } of claimed) holders.set(nameOf(head), { key: head, worker });
                  return claimed;
                });
            case "holds":
              return async (lease: Lease) =>
                (await target.holds(lease)) && holders.get(nameOf(lease))?.worker === worker;
            case "leases":
              return async () =>
                (await target.leases()).filter((lease) => holders.get(nameOf(lease))?.worker === worker);
            case "leasedWithMail":
              return async () =>
                (await target.leasedWithMail()).filter((key) => holders.get(nameOf(key))?.worker === worker);
            case "renew":
              return () =>
                transact(() => {
                  const isHeld = workers.has(worker) && worker.until > clock.now();
                  const isOther = [...workers].some((other) => other.node === node && other !== worker);
                  if (!isHeld && isOther) throw new PlatformError("CONFIG_INVALID", "another process is this node");
                  if (isHeld) worker.until = clock.now() + leaseMs;
                  else worker = join(node);
                  return { validForMs: leaseMs, isNew: !isHeld };
                });
            case "reclaim":
              return () =>
                transact(() => {
                  const silent = [...workers].filter(({ until }) => until <= clock.now());
                  return silent.reduce((freed, each) => freed + remove(each), 0);
                });
            case "listen":
              return (listener: (hint: StoreHint) => void) => {
                listeners.set(listener, node);
                return () => void listeners.delete(listener);
              };
            default:
              // Promises look for `then`.
              return typeof target[name] === "function" ? target[name].bind(target) : undefined;
          }
        },
      });
    },
    abandon: async () => {},
    observer: () => base,
    close: () => base.close(),
  };
};

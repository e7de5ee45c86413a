/**
 * Which tasks somebody looks into, by tenant, beside their logs: so that a list tells what is held without reading the log of each. A row is
 * there before the log can say so; what is held is for the log to say. One of a task that has ended goes when somebody looks.
 */
import { isTerminal, PlatformError } from "@agentcore/contract";
import type { Clock, KeyValue, KeyValueEntry, KeyValueScope, TaskHead, TaskKey, TaskStore } from "../ports/index.ts";

/** Of a tenant, at once. Two that begin at the same time may both find room. */
export const MAX_DEBUGGED_TASKS = 1_000;
const SETTLED_MS = 60_000;

const rowsOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "debugged-tasks" });

export class DebuggedTasks {
  private readonly keyValue: KeyValue;
  private readonly store: Pick<TaskStore, "head">;
  private readonly clock: Clock;

  constructor(keyValue: KeyValue, store: Pick<TaskStore, "head">, clock: Clock) {
    this.keyValue = keyValue;
    this.store = store;
    this.clock = clock;
  }

  /** Durable when it resolves; the same once more changes nothing. Throws OVERLOADED. */
  async add({ tenantId, taskId }: TaskKey): Promise<void> {
    const rows = rowsOf(tenantId);
    if ((await this.keyValue.get(rows, taskId)) !== null) return;
    const known = await this.known(tenantId);
    if (known.size >= MAX_DEBUGGED_TASKS && (await this.sweep(tenantId)) === 0)
      throw new PlatformError(
        "OVERLOADED",
        `${known.size} tasks of tenant ${tenantId} have breakpoints, which is as many as may; let some of them end`,
        { retryAfterMs: 10_000 },
      );
    await this.keyValue.put(rows, taskId, { since: this.clock.now() });
  }

  /** Those of them that may have breakpoints. */
  async among(tenantId: string, tasks: readonly TaskHead[]): Promise<readonly TaskHead[]> {
    if (tasks.length === 0) return [];
    const known = await this.known(tenantId);
    const found = tasks.filter(({ taskId }) => known.has(taskId));
    for (const { taskId, state } of found) if (isTerminal(state)) await this.keyValue.delete(rowsOf(tenantId), taskId);
    return found.filter(({ state }) => !isTerminal(state));
  }

  private async known(tenantId: string): Promise<ReadonlySet<string>> {
    return new Set((await this.rows(tenantId)).map(({ key }) => key));
  }

  private rows(tenantId: string): Promise<readonly KeyValueEntry[]> {
    return this.keyValue.list(rowsOf(tenantId), { limit: MAX_DEBUGGED_TASKS });
  }

  /** Takes out those that have ended. Returns how many. */
  async sweep(tenantId: string, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for (const { key: taskId, value } of await this.rows(tenantId)) {
      if (signal?.aborted === true) return removed;
      // Its task may be about to be made.
      if (this.clock.now() - (value as { readonly since: number }).since < SETTLED_MS) continue;
      const head = await this.store.head({ tenantId, taskId });
      if (head !== null && !isTerminal(head.state)) continue;
      await this.keyValue.delete(rowsOf(tenantId), taskId);
      removed += 1;
    }
    return removed;
  }
}

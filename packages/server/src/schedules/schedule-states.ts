/** How far each schedule has come, beside the manifests. */
import type { KeyValue, KeyValueScope } from "@agentcore/core/ports";

export interface ScheduleState {
  /** What it was when it began to count: another one begins anew. */
  readonly timing: string;
  /** Times up to here are done with. */
  readonly handledUntil: number;
  readonly last?: { readonly time: number; readonly taskId: string } | undefined;
  readonly started: number;
  readonly skipped: number;
  readonly missed: number;
  readonly failed: number;
  readonly failure?: { readonly time: number; readonly code: string; readonly message: string } | undefined;
}

export interface VersionedState {
  readonly state: ScheduleState;
  readonly version: number;
}

export class ScheduleStates {
  private readonly keyValue: KeyValue;

  constructor(keyValue: KeyValue) {
    this.keyValue = keyValue;
  }

  async get(tenantId: string, name: string): Promise<VersionedState | null> {
    const entry = await this.keyValue.get(scopeOf(tenantId), name);
    return entry === null ? null : { state: entry.value as ScheduleState, version: entry.version };
  }

  /** Null when somebody else has written it meanwhile. */
  put(tenantId: string, name: string, state: ScheduleState, expectedVersion: number): Promise<number | null> {
    return this.keyValue.put(scopeOf(tenantId), name, state, { expectedVersion });
  }

  async delete(tenantId: string, name: string): Promise<void> {
    await this.keyValue.delete(scopeOf(tenantId), name);
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "schedules" });

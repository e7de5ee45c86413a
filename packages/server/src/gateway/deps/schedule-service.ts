import type { ScheduleStatus } from "@agentcore/contract";

/** Work that begins by itself. */
export interface ScheduleService {
  /** By name. */
  list(tenantId: string): Promise<readonly ScheduleStatus[]>;
  /** Throws NOT_FOUND. */
  get(tenantId: string, name: string): Promise<ScheduleStatus>;
}

import type { ScheduleStatus } from "@agentcore/contract";

/** `0 9 * * MON-FRI Europe/Berlin`, `every 15m`. */
export const whenOf = ({ cron, every, timeZone }: ScheduleStatus["spec"]): string =>
  cron === undefined ? `every ${every}` : `${cron} ${timeZone ?? "UTC"}`;

import type { Client } from "pg";
import { expect } from "vitest";

const WAITING = `select from pg_stat_activity waiting cross join unnest(pg_blocking_pids(waiting.pid)) holder
  where pg_backend_pid() = any (pg_blocking_pids(holder) || holder) and starts_with(query, $1) limit 1`;

/** Resolves when a statement that begins so waits for a lock that `client` holds, or for one that waits for it. */
export const waitsFor = (client: Client, statement: string): Promise<void> =>
  expect
    .poll(async () => {
      // Else a transaction sees again what it saw when it first looked.
      await client.query("select pg_stat_clear_snapshot()");
      return (await client.query(WAITING, [statement])).rowCount;
    })
    .toBe(1);

/**
 * This process as a worker: a row whose lease runs on the database's clock. Every task it holds names that row, so one update
 * renews them all, and removing it frees them all.
 */
import { PlatformError } from "@agentcore/contract";
import type { Renewal } from "@agentcore/core/ports";
import type { ClientBase } from "pg";
import type { Database } from "./database.ts";

// Heads are locked in the order of their ids, as commit_units does, so that the two never wait for each other.
const VOID_LEASES = `with lost as (
    select id from heads where leased_by = any ($1) and leased_by is not null order by id for update
  )
  update heads h set leased_by = null, token = h.token + 1 from lost l where h.id = l.id`;
const FREE_OUTBOX = "update outbox set taken_by = null where taken_by = any ($1)";
const JOIN = "insert into workers (node, lease_until) values ($1, now() + $2 * interval '1 millisecond') returning id";
const OTHERS = "(select count(*) from workers where id <> $1 and lease_until > now()) as others";
const RENEW = `update workers set lease_until = now() + $2 * interval '1 millisecond'
  where id = $1 and lease_until > now() returning id, ${OTHERS}`;
const NAMESAKE = "select id from workers where node = $1 and id <> $2 and lease_until > now()";
const REMOVE_NAMESAKES = "delete from workers where node = $1 returning id";
// Those that others are removing at this moment are left to them.
const REMOVE_SILENT = `delete from workers where id in (
    select id from workers where lease_until <= now() order by id for update skip locked
  ) returning id`;

// A renewal on a connection that is dead leaves time for another before the work is stopped, at two thirds of the lease.
const RENEWAL_SHARE = 1 / 4;
const MIN_RENEWAL_MS = 1_000;

export class WorkerLease {
  private readonly database: Database;
  private readonly node: string;
  private readonly leaseMs: number;
  private current = 0;

  /** `database`: this lease's alone, and closed with it; two connections, so that no renewal waits for the rest of the work, nor for a reclaim. */
  constructor(database: Database, node: string, leaseMs: number) {
    this.database = database;
    this.node = node;
    this.leaseMs = leaseMs;
  }

  /** Live workers besides this one at the last renewal; null where that is not known. */
  others: number | null = null;

  /** Number of this process's row; a new one after every loss. */
  get id(): number {
    return this.current;
  }

  /** Takes the place of an earlier process of the same node, whose tasks are free at once. */
  async join(): Promise<void> {
    this.current = await this.database.transaction(async (client) => {
      await freeWorkOf(client, REMOVE_NAMESAKES, [this.node]);
      const joined = await client.query<{ id: number }>(JOIN, [this.node, this.leaseMs]);
      const id = joined.rows[0]?.id;
      if (id === undefined) throw new PlatformError("INTERNAL", "a worker's row was not returned");
      return id;
    });
  }

  /** Throws CONFIG_INVALID when a later process goes by this node's name: two that take each other's place would end no task. */
  async renew(): Promise<Renewal> {
    const values = [this.current, this.leaseMs];
    const limitMs = Math.min(this.leaseMs, Math.max(MIN_RENEWAL_MS, this.leaseMs * RENEWAL_SHARE));
    const [renewed] = await this.database.query<{ others: number }>("renew", RENEW, values, limitMs);
    this.others = renewed?.others ?? null;
    if (renewed !== undefined) return { validForMs: this.leaseMs, isNew: false };
    const [namesake] = await this.database.query("namesake", NAMESAKE, [this.node, this.current]);
    if (namesake !== undefined)
      throw new PlatformError(
        "CONFIG_INVALID",
        `another process has joined as node ${this.node}; give each node a name of its own with --node`,
      );
    // Too late: a row of our own again, and nothing held.
    await this.join();
    return { validForMs: this.leaseMs, isNew: true };
  }

  /** Resolves with the number of tasks and outbox rows that became free. */
  reclaim(): Promise<number> {
    return this.database.transaction((client) => freeWorkOf(client, REMOVE_SILENT, []));
  }

  /** What it still holds is free for others at once; if that fails, when the lease has run out. */
  async close(): Promise<void> {
    await this.database
      .transaction((client) => freeWorkOf(client, "delete from workers where id = $1 returning id", [this.current]))
      .catch(() => undefined);
    await this.database.close();
  }
}

const freeWorkOf = async (client: ClientBase, remove: string, values: readonly unknown[]): Promise<number> => {
  const removed = await client.query<{ id: number }>(remove, [...values]);
  if (removed.rows.length === 0) return 0;
  const gone = [removed.rows.map(({ id }) => id)];
  const tasks = await client.query(VOID_LEASES, gone);
  const events = await client.query(FREE_OUTBOX, gone);
  return (tasks.rowCount ?? 0) + (events.rowCount ?? 0);
};

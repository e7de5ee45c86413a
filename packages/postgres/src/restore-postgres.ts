/** Fills a schema that is empty or not there yet, in one transaction. */
import { PlatformError } from "@agentcore/contract";
import type { StorePages } from "@agentcore/core/ports";
import type { ClientBase } from "pg";
import { Database } from "./database.ts";
import { migrate } from "./migrations.ts";
import { requireVersion } from "./require-version.ts";
import { RowBatches } from "./row-batches.ts";

// Nodes that start meanwhile wait at `workers` until it is over.
const LOCK = "lock table workers, heads, key_values, blobs in exclusive mode";
const STATE = `select exists (select from workers where lease_until > now()) as used,
  exists (select from heads) or exists (select from key_values) or exists (select from outbox)
    or exists (select from idempotency_keys) or exists (select from blobs)
    or exists (select from ledger_accounts) or exists (select from ledger_usage) as filled`;

// For a statement, and for the next page of rows.
const PATIENCE_MS = 600_000;

export interface RestorePostgresOptions {
  readonly url: string;
  /** @default "agentcore" */
  readonly schema?: string | undefined;
}

/** Throws CONFIG_INVALID when there is something in it or a node uses it, STORE_UNAVAILABLE, and what `pages` throws. */
export const restorePostgres = async (
  { url, schema = "agentcore" }: RestorePostgresOptions,
  pages: StorePages,
): Promise<void> => {
  const limits = { statementTimeoutMs: PATIENCE_MS, idleInTransactionMs: PATIENCE_MS };
  const database = new Database({ url, schema, maxConnections: 1, ...limits });
  try {
    await requireVersion(database);
    await database.session((client) => migrate(client, schema));
    let failure: { readonly error: unknown } | null = null;
    await database
      .transaction(async (client) => {
        await requireEmpty(client, schema);
        const batches = new RowBatches(client);
        try {
          for await (const page of pages) for (const row of page) await batches.add(row);
        } catch (error) {
          failure = { error };
          throw error;
        }
        await batches.end();
      })
      // What the rows' source throws is its own, not the database's.
      .catch((error: unknown) => {
        throw failure === null ? error : failure.error;
      });
  } finally {
    await database.close();
  }
};

const requireEmpty = async (client: ClientBase, schema: string): Promise<void> => {
  await client.query(LOCK);
  const { rows } = await client.query<{ used: boolean; filled: boolean }>(STATE);
  if (rows[0]?.used !== false)
    throw new PlatformError("CONFIG_INVALID", `a node uses schema ${schema}; stop all nodes, or name another database`);
  if (rows[0]?.filled !== false)
    throw new PlatformError("CONFIG_INVALID", `schema ${schema} is not empty; restore into a database without one`);
};

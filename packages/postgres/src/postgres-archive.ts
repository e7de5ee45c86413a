/** The rows of all tables as of one moment: cursors of one read-only transaction, on a connection of its own while it lasts. */
import type { StoreArchive, StorePages } from "@agentcore/core/ports";
import { ARCHIVE_TABLES, pagesOf } from "./archive-tables.ts";
import { type BoundedQuery, type Database, toPlatformError } from "./database.ts";

// A fetch may wait for a sort of a large table, and the next one for whoever takes the rows; not for ever.
const PATIENCE_MS = 600_000;
const ANSWER_LIMIT_MS = PATIENCE_MS + 5_000;
const BEGIN = `begin isolation level repeatable read read only;
  set local statement_timeout = ${PATIENCE_MS}; set local idle_in_transaction_session_timeout = ${PATIENCE_MS}`;

export class PostgresArchive implements StoreArchive {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async *pages({ signal }: { readonly signal?: AbortSignal | undefined } = {}): StorePages {
    signal?.throwIfAborted();
    const client = await this.database.connect();
    let isClean = false;
    try {
      await client.query(BEGIN);
      for (const table of ARCHIVE_TABLES) {
        await client.query(`declare archive no scroll cursor for ${table.query}`);
        for (;;) {
          signal?.throwIfAborted();
          const next: BoundedQuery = { text: `fetch ${table.fetch} from archive`, query_timeout: ANSWER_LIMIT_MS };
          const { rows } = await client.query(next);
          if (rows.length === 0) break;
          yield* pagesOf(client, table, rows);
        }
        await client.query("close archive");
      }
      await client.query("commit");
      isClean = true;
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : toPlatformError(error);
    } finally {
      // A transaction that was left ends with its connection.
      client.release(!isClean);
    }
  }
}

/** The rows of all tables as of one moment: cursors of one read-only transaction, on a connection of its own while it lasts. */
import type { StoreArchive, StorePages } from "@agentcore/core/ports";
import { ARCHIVE_TABLES, pagesOf } from "./archive-tables.ts";
import { type Database, toPlatformError } from "./database.ts";

// A fetch may wait for a sort of a large table, not for ever.
const FETCH_TIMEOUT_MS = 600_000;

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
      await client.query("begin isolation level repeatable read read only");
      await client.query(`set local statement_timeout = ${FETCH_TIMEOUT_MS}`);
      for (const table of ARCHIVE_TABLES) {
        await client.query(`declare archive no scroll cursor for ${table.query}`);
        for (;;) {
          signal?.throwIfAborted();
          const { rows } = await client.query(`fetch ${table.fetch} from archive`);
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

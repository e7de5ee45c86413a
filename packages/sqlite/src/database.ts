/** Opens the file for this process alone, with every setting that durability rests on. */
import { DatabaseSync } from "node:sqlite";
import { migrate } from "./migrations.ts";
import type { WorkerOptions } from "./protocol.ts";
import { SQLITE_BUSY, sqliteCode, WorkerFailure } from "./worker-failure.ts";

// WAL with synchronous=full: a commit is on disk when it returns. Exclusive: one process, and no shared-memory file.
// The WAL is folded back every 8 MiB: measured at 200 writers, 32 MiB doubles the p99 of a commit (37 ms against 20 ms)
// and wins nothing. Fast secure delete: what was removed, credentials of tasks among it, is overwritten where its page is written
// anyhow; no cost was found. 16 MiB of pages: what is hot are the ends of a few trees; more only makes an idle node larger.
const PRAGMAS = `
pragma locking_mode = exclusive;
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma trusted_schema = off;
pragma cell_size_check = on;
pragma secure_delete = fast;
pragma temp_store = memory;
pragma cache_size = -16384;
pragma wal_autocheckpoint = 2000;
pragma journal_size_limit = 67108864;
`;

/** Throws DATA_LOCKED, CONFIG_INVALID (newer schema, not a database), STORE_UNAVAILABLE. */
export const openDatabase = (options: WorkerOptions): DatabaseSync => {
  let database: DatabaseSync | undefined;
  try {
    // No waiting for a lock: the holder keeps it until it ends.
    database = new DatabaseSync(options.file, { timeout: 0 });
    database.exec(PRAGMAS);
    migrate(database, options.file);
    database.exec("update meta set value = value + 1 where name = 'epoch'");
    if (options.maxPages !== null) database.exec(`pragma max_page_count = ${options.maxPages}`);
    return database;
  } catch (error) {
    database?.close();
    throw openFailure(error, options.file);
  }
};

const SQLITE_NOTADB = 26;

const openFailure = (error: unknown, file: string): WorkerFailure => {
  const code = sqliteCode(error);
  if (code === SQLITE_BUSY) {
    return new WorkerFailure(
      "DATA_LOCKED",
      `another process holds ${file}; stop it, or start with another data folder`,
      { cause: error },
    );
  }
  if (code === SQLITE_NOTADB)
    return new WorkerFailure("CONFIG_INVALID", `${file} is not an SQLite database`, { cause: error });
  const failure = WorkerFailure.from(error);
  return new WorkerFailure(failure.code, `${file} could not be opened: ${failure.message}`, { cause: error });
};

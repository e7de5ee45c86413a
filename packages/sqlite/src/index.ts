export { openSqlite, type SqliteOptions, type SqliteStores } from "./open-sqlite.ts";
export { restoreSqlite } from "./restore-sqlite.ts";

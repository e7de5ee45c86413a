export type { DatabaseFinding } from "./inspection/database-finding.ts";
export { inspectDatabase } from "./inspection/inspect-database.ts";
export { openPostgres, type PostgresOptions, type PostgresStores } from "./open-postgres.ts";
export { restorePostgres } from "./restore-postgres.ts";

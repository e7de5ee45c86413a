export { openPostgres, type PostgresOptions, type PostgresStores } from "./open-postgres.ts";
export { restorePostgres } from "./restore-postgres.ts";

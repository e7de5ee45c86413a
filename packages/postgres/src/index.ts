export { openPostgres, type PostgresOptions, type PostgresStores } from "./open-postgres.ts";

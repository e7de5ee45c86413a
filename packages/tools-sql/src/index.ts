/** Tools by which an agent reads from a database. */
export { sqlLibrary } from "./sql-library.ts";
export { type SqlToolsOptions, sqlTools } from "./sql-tools.ts";

/** What a dialect of SQL writes in its own way. */
export interface SqlWriter {
  name(name: string): string;
  /** The `number`th, from 1. */
  parameter(number: number): string;
}

export const sqlWriter = (dialect: string): SqlWriter =>
  dialect === "SQLite"
    ? {
        // Any name may be a word of the language.
        name: (name) => `"${name.replaceAll('"', '""')}"`,
        parameter: () => "?",
      }
    : {
        // PostgreSQL tells names as a query has to write them.
        name: (name) => name,
        parameter: (number) => `$${number}`,
      };

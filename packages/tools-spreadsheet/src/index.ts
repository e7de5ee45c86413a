/** Tools by which an agent reads spreadsheets. */
export { spreadsheetLibrary } from "./spreadsheet-library.ts";
export { type SpreadsheetToolsOptions, spreadsheetTools } from "./spreadsheet-tools.ts";

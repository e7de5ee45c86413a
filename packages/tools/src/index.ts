export { calculator } from "./calculator.ts";
export { csvQuery } from "./csv.ts";
export { type DateToolsOptions, dateTools } from "./dates.ts";
export { jsonQuery } from "./json.ts";
export { calculatorLibrary, csvLibrary, datesLibrary, jsonLibrary } from "./libraries.ts";

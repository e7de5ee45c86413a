/** Members of JSON that somebody else wrote: nothing here throws, and what is not of the kind that was asked for is not there. */
import { bounded, MAX_ABOUT_CHARACTERS } from "./coding-event.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Null: the line is no JSON object. */
export const parseLine = (line: string): JsonObject | null => {
  if (!line.trimStart().startsWith("{")) return null;
  try {
    return asObject(JSON.parse(line));
  } catch {
    return null;
  }
};

export const asObject = (value: unknown): JsonObject | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

export const objectIn = (json: JsonObject, name: string): JsonObject => asObject(json[name]) ?? {};
export const textIn = (json: JsonObject, name: string): string => {
  const value = json[name];
  return typeof value === "string" ? value : "";
};
export const listIn = (json: JsonObject, name: string): readonly unknown[] => {
  const value = json[name];
  return Array.isArray(value) ? value : [];
};
/** A count or an amount: never negative, never infinite. */
export const amountIn = (json: JsonObject, name: string): number => {
  const value = json[name];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
};

// In which programs say what a tool is about, the most telling first.
const TELLING = ["file_path", "filePath", "path", "command", "cmd", "pattern", "query", "url", "description"];

/** In a few words, what a tool is used on. */
export const aboutOf = (input: unknown): string => {
  const json = asObject(input);
  if (json === null) return typeof input === "string" ? bounded(input, MAX_ABOUT_CHARACTERS) : "";
  for (const name of TELLING) {
    const value = json[name];
    if (typeof value === "string" && value !== "") return bounded(value, MAX_ABOUT_CHARACTERS);
  }
  return "";
};

/** The message of an error without what changes from one to the next. Pure. */

// Longer texts first, so that a number in an id is none of its own.
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b\d{4}-\d{2}-\d{2}(?:[T ][\d:.]{4,20}(?:Z|[+-]\d{2}:?\d{2})?)?/g, "<time>"],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>]{1,2000}/gi, "<address>"],
  [/\b[^\s@"'<>]{1,64}@[^\s@"'<>]{1,250}\.[a-z]{2,24}\b/gi, "<mail>"],
  [/"[^"\n]{0,500}"|'[^'\n]{0,500}'|`[^`\n]{0,500}`/g, "<text>"],
  [/\b[0-9a-f]{12,128}\b/gi, "<id>"],
  [/\b(?=[\w-]{0,63}\d)[A-Za-z]+[\w-]{0,63}\b/g, "<name>"],
  [/\d+(?:[.,]\d+)*/g, "<number>"],
];

const MAX_LENGTH = 300;

/** The message with marks in place of what changes. */
export const messageShape = (message: string): string => {
  let shape = message.slice(0, 4 * MAX_LENGTH);
  for (const [pattern, mark] of CHANGING) shape = shape.replace(pattern, mark);
  return shape.replace(/\s+/g, " ").trim().slice(0, MAX_LENGTH);
};

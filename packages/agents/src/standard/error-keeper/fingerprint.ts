/** What makes errors the same: who, which code, doing what, and the message without what changes from one to the next. Pure. */

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

/** 16 hexadecimal digits: two FNV-1a sums (RFC draft-eastlake-fnv), which tell groups apart and keep nothing secret. */
export const fingerprint = (...parts: readonly string[]): string => {
  const text = parts.join("\u0000");
  return `${fnv(text, 0x81_1c_9d_c5)}${fnv(text, 0x01_00_01_93)}`;
};

const fnv = (text: string, basis: number): string => {
  let sum = basis;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01_00_01_93);
  return (sum >>> 0).toString(16).padStart(8, "0");
};

/** Texts within a JSON value: its strings, and names of members. */

// Deeper values are nobody's words.
const MAX_DEPTH = 100;

export const textsIn = (value: unknown): string[] => {
  const texts: string[] = [];
  const walk = (each: unknown, depth: number): void => {
    if (typeof each === "string") texts.push(each);
    else if (typeof each === "object" && each !== null && depth < MAX_DEPTH)
      for (const [name, member] of Object.entries(each)) {
        if (!Array.isArray(each)) texts.push(name);
        walk(member, depth + 1);
      }
  };
  walk(value, 0);
  return texts;
};

/** The strings that are values: what a tool is told, without the names of its arguments. */
export const valuesIn = (value: unknown): string[] => {
  const texts: string[] = [];
  mapTexts(value, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
};

/** The value with other strings; the same value where none is another. */
export const mapTexts = (value: unknown, map: (text: string) => string): unknown => mapAt(value, map, 0);

const mapAt = (value: unknown, map: (text: string) => string, depth: number): unknown => {
  if (typeof value === "string") return map(value);
  if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const mapped = value.map((each: unknown) => mapAt(each, map, depth + 1));
    return mapped.every((each, index) => each === value[index]) ? value : mapped;
  }
  const entries = Object.entries(value);
  const mapped = entries.map(([name, each]) => [name, mapAt(each, map, depth + 1)] as const);
  return mapped.every(([, each], index) => each === entries[index]?.[1]) ? value : Object.fromEntries(mapped);
};

/** Reading JSON of unknown shape, and showing it in a line. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The member at the end of the path; undefined where the path breaks off. */
export const member = (value: unknown, ...path: readonly (string | number)[]): unknown => {
  let current = value;
  for (const key of path) {
    if (Array.isArray(current) && typeof key === "number") current = current.at(key);
    else if (isObject(current) && Object.hasOwn(current, key)) current = current[key];
    else return undefined;
  }
  return current;
};

export const textAt = (value: unknown, ...path: readonly (string | number)[]): string | undefined => {
  const found = member(value, ...path);
  return typeof found === "string" ? found : undefined;
};

export const listAt = (value: unknown, ...path: readonly (string | number)[]): readonly unknown[] => {
  const found = member(value, ...path);
  return Array.isArray(found) ? found : [];
};

const MAX_SHOWN = 160;
// Of which the spaces may be folded.
const MAX_READ = 4_096;

/** JSON in one line, cut. */
export const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  const line = text.slice(0, MAX_READ).replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN - 1)}…` : line;
};

// Far above what this protocol needs: what is larger takes minutes to compare with a shape, or overflows the stack of whoever writes it.
const MAX_VALUES = 100_000;
const MAX_DEPTH = 200;

/** Undefined when the text is no JSON, or one of more values or levels than anybody needs. */
export const parsedJson = (text: string): unknown => {
  try {
    const value = JSON.parse(text) as unknown;
    return isBounded(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isBounded = (value: unknown): boolean => {
  let level: readonly unknown[] = [value];
  let left = MAX_VALUES;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return false;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue;
      const members: readonly unknown[] = Array.isArray(each) ? each : Object.values(each);
      left -= members.length;
      if (left < 0) return false;
      for (const inner of members) next.push(inner);
    }
    level = next;
  }
  return true;
};

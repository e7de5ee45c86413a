// Values under these names belong to users: their keys are theirs to spell.
const OPAQUE = new Set(["metadata", "data", "params"]);

/**
 * Renames proto spellings (`task_id`) to JSON spellings (`taskId`) in place, as ProtoJSON asks of parsers; where both
 * are there the JSON spelling wins. The value must be freshly parsed JSON of bounded depth.
 */
export const camelizeKeys = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (const element of value) camelizeKeys(element);
    return value;
  }
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record)) {
    const member = record[key];
    let name = key;
    if (key.includes("_")) {
      name = camelCase(key);
      if (name !== key) {
        delete record[key];
        if (!Object.hasOwn(record, name)) record[name] = member;
      }
    }
    if (typeof member === "object" && member !== null && !OPAQUE.has(name)) camelizeKeys(member);
  }
  return record;
};

const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

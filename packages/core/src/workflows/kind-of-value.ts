export const kindOfValue = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;

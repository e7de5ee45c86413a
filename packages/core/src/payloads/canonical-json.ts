/** JSON text that is the same for equal values: members are ordered by name, those that are undefined left out. */
export const canonicalJson = (value: unknown): string => JSON.stringify(ordered(value)) ?? "null";

const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, ordered(member)]));
};

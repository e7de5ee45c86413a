/** Plain throws: a suite for third parties must not bring a test runner. */

const text = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (member === undefined ? "undefined" : member)) ?? String(value);

/** Order of members does not count; `undefined` members equal absent ones, as in JSON. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, member]) => [key, canonical(member)]),
  );
};

export const equal = (actual: unknown, expected: unknown, what: string): void => {
  const [found, wanted] = [text(canonical(actual)), text(canonical(expected))];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
};

/** Returns the value so that a test can go on with it. */
export const present = <Value>(value: Value | null | undefined, what: string): Value => {
  if (value === null || value === undefined) throw new Error(`${what}: expected a value, found ${String(value)}`);
  return value;
};

export const ensure = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what);
};

/** Resolves with the code of what `action` throws. */
export const codeOf = async (action: () => Promise<unknown>): Promise<unknown> => {
  try {
    await action();
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error ? error.code : error;
  }
  return "nothing was thrown";
};

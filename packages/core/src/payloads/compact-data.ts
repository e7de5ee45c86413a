/**
 * How the data of an event stands in a row where most of it can be told from the rest. A log of thousands of steps is mostly this event, whose
 * names would take as much room as what small steps give: `[path, result]`, as the path begins with the kind.
 */

const COMPACTED = "step.completed";

/** The same data when nothing of it goes without saying. */
export const compactData = (type: string, data: unknown): unknown => {
  if (type !== COMPACTED) return data;
  const { path, kind, result, ...rest } = data as {
    readonly path: string;
    readonly kind: string;
    readonly result?: unknown;
  };
  if (Object.keys(rest).length > 0 || kind !== kindOf(path)) return data;
  return result === undefined ? [path] : [path, result];
};

export const wholeData = (type: string, stored: unknown): unknown => {
  if (type !== COMPACTED || !Array.isArray(stored)) return stored;
  const [path, ...result] = stored as readonly unknown[];
  return { path, kind: kindOf(String(path)), ...(result.length === 0 ? {} : { result: result[0] }) };
};

const kindOf = (path: string): string => path.slice(0, path.indexOf(":"));

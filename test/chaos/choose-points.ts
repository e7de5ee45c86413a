/** Which of the points that a run without faults passes are tried. */

// They have no effect of their own; a place between two of them is like its neighbours.
const SENSES = new Set(["clock", "ids", "digest"]);
const COMMIT = /^tasks\.commit\./;

/** How often each point was passed, by name without its number. */
export const countPoints = (record: string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const line of record.split("\n")) {
    const name = line.slice(0, line.lastIndexOf("#"));
    if (name !== "") counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
};

/** The fewer of two runs: how often a point comes at least. Points of one run only are left out. */
export const commonCounts = (
  left: ReadonlyMap<string, number>,
  right: ReadonlyMap<string, number>,
): Map<string, number> => {
  const common = new Map<string, number>();
  for (const [name, count] of left) {
    const other = right.get(name);
    if (other !== undefined) common.set(name, Math.min(count, other));
  }
  return common;
};

/** Every name at its first call; further calls spread evenly up to the last, more of them where state changes. */
export const choosePoints = (counts: ReadonlyMap<string, number>, full: boolean): string[] =>
  [...counts].flatMap(([name, count]) =>
    spread(count, full ? mostOfAll(name, count) : most(name)).map((call) => `${name}#${call}`),
  );

const mostOfAll = (name: string, count: number): number => (SENSES.has(portOf(name)) ? 20 : count);

const most = (name: string): number => {
  return COMMIT.test(name) ? 6 : 1;
};

const portOf = (name: string): string => name.split(".")[0] ?? "";

const spread = (count: number, most: number): number[] => {
  if (count <= most) return Array.from({ length: count }, (_, index) => index + 1);
  if (most === 1) return [1];
  return Array.from({ length: most }, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1)));
};

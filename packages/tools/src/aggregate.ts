export type Cell = string | number | null | undefined;
export type Row = Readonly<Record<string, Cell>>;

export interface Computation {
  readonly of: "count" | "sum" | "avg" | "min" | "max";
  /** Absent of count: rows are counted. */
  readonly column?: string | undefined;
}

/** One row a group, in the order in which the groups were met; without groups one row of all. Cells that are no numbers are left out of numbers. */
export const aggregate = (
  rows: readonly Row[],
  groupBy: readonly string[],
  compute: readonly Computation[],
): readonly Row[] => {
  const groups = new Map<string, Row[]>();
  if (groupBy.length === 0) groups.set("", [...rows]);
  else
    for (const row of rows) {
      const key = JSON.stringify(groupBy.map((column) => row[column]));
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else group.push(row);
    }
  return [...groups.values()].map((group) => ({
    ...Object.fromEntries(groupBy.map((column) => [column, group[0]?.[column]])),
    ...Object.fromEntries(compute.map((each) => [nameOf(each), valueOf(each, group)])),
  }));
};

const nameOf = ({ of, column }: Computation): string => (column === undefined ? of : `${of}_${column}`);

const valueOf = ({ of, column }: Computation, rows: readonly Row[]): number | null => {
  if (of === "count")
    return column === undefined ? rows.length : rows.filter((row) => row[column] !== "" && row[column] !== null).length;
  const numbers = rows.map((row) => row[column ?? ""]).filter((value) => typeof value === "number");
  if (numbers.length === 0) return null;
  switch (of) {
    case "sum":
      return numbers.reduce((sum, value) => sum + value, 0);
    case "avg":
      return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    case "min":
      return numbers.reduce((least, value) => Math.min(least, value));
    case "max":
      return numbers.reduce((most, value) => Math.max(most, value));
  }
};

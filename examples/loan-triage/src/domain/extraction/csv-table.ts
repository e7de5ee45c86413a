export interface CsvRow {
  readonly line: number;
  readonly text: string;
  readonly cells: readonly string[];
}

export const delimiters = [";", ",", "\t", "|"] as const;

/** Splits each line at the delimiter, honouring double quotes. A quoted line end is not supported: statements have none,
 *  and the price of a wrong guess would be every line number after it. */
export function csvRows(text: string, delimiter: string): CsvRow[] {
  return text
    .split("\n")
    .map((line, index) => ({ line: index + 1, text: line, cells: splitCells(line, delimiter) }))
    .filter(({ text: line }) => line.trim() !== "");
}

function splitCells(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (quoted && character === '"' && line[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

import { fieldOfLabel } from "./field-of-label.ts";
import { splitLabelledLine } from "./labelled-line.ts";
import type { LabelledValue } from "./mention.ts";
import type { PageLine } from "./sentences.ts";

/** A piece of text with its place; y counts upwards from the foot of the page, as PDF does. */
export interface PlacedText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly fontSize: number;
}

interface Cell {
  readonly text: string;
  readonly x: number;
  readonly end: number;
  readonly line: number;
}

/** Groups a page's texts into visual lines, top first, each split into cells where a gap is wider than a space. */
export function cellsOf(items: readonly PlacedText[]): Cell[] {
  const rows: PlacedText[][] = [];
  for (const item of [...items].filter(({ text }) => text.trim() !== "").sort((a, b) => b.y - a.y)) {
    const row = rows.at(-1);
    const first = row?.[0];
    // Half a letter's height: baselines of one line differ by less, lines by more.
    if (row && first && Math.abs(first.y - item.y) < Math.max(first.fontSize, 6) / 2) row.push(item);
    else rows.push([item]);
  }
  return rows.flatMap((row, index) => {
    const cells: Cell[] = [];
    for (const item of row.sort((a, b) => a.x - b.x)) {
      const last = cells.at(-1);
      const gap = last ? item.x - last.end : 0;
      if (last && gap < item.fontSize) {
        const space = gap > item.fontSize * 0.15 && !last.text.endsWith(" ") ? " " : "";
        cells[cells.length - 1] = { ...last, text: `${last.text}${space}${item.text}`, end: item.x + item.width };
      } else cells.push({ text: item.text, x: item.x, end: item.x + item.width, line: index + 1 });
    }
    return cells;
  });
}

/** Pairs labels with values by place: in the same cell, in the cell to the right, or in the cell right below. What takes
 *  no part in a pair is returned as lines, to be read as prose; labels left empty are not, they state nothing. */
export function pairCells(cells: readonly Cell[], page: number): { entries: LabelledValue[]; rest: PageLine[] } {
  const entries: LabelledValue[] = [];
  const used = new Set<Cell>();
  const isLabel = (cell: Cell) => fieldOfLabel(cell.text) !== undefined && cell.text.trim().length <= 60;
  for (const cell of cells) {
    if (used.has(cell)) continue;
    const split = splitLabelledLine(cell.text);
    const label = split ? split.label : cell.text.trim();
    if (!split && !isLabel(cell)) continue;
    const value = split && split.value !== "" ? undefined : neighbour(cell, cells, used);
    if (!split && !value) continue;
    used.add(cell);
    if (value) used.add(value);
    const text = value?.text.trim() ?? split?.value ?? "";
    entries.push({
      label,
      value: text,
      evidence: {
        page,
        line: value?.line ?? cell.line,
        text: (value ? `${cell.text.trim()} ${text}` : cell.text.trim()).slice(0, 160),
      },
    });
  }
  const lastLine = cells.at(-1)?.line ?? 0;
  const rest = Array.from({ length: lastLine }, (_, index) => ({
    page,
    line: index + 1,
    text: cells
      .filter((cell) => cell.line === index + 1 && !used.has(cell) && !isLabel(cell))
      .map(({ text }) => text.trim())
      .join("  "),
  }));
  return { entries, rest };

  function neighbour(cell: Cell, all: readonly Cell[], taken: ReadonlySet<Cell>): Cell | undefined {
    const free = all.filter((other) => other !== cell && !taken.has(other));
    const right = free.filter((other) => other.line === cell.line && other.x > cell.x).sort((a, b) => a.x - b.x)[0];
    const below = free.find((other) => other.line === cell.line + 1 && Math.abs(other.x - cell.x) < 4);
    if (right && !looksLikeLabel(right)) return right;
    return below && !looksLikeLabel(below) ? below : undefined;
  }

  function looksLikeLabel(cell: Cell): boolean {
    return isLabel(cell) || splitLabelledLine(cell.text) !== undefined || /:\s*$/.test(cell.text);
  }
}

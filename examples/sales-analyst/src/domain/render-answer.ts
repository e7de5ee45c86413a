import type { Answer } from "./format-answer.ts";
import type { Refusal } from "./parse-question.ts";

/** Markdown: the sentence, a table where there is more than one figure, the notes. */
export function renderAnswer({ sentence, columns, rows, notes }: Answer): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const table =
    rows.length > 1 ? [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n") : undefined;
  return [sentence, table, ...notes].filter((part) => part !== undefined).join("\n\n");
}

export function renderRefusal({ message, examples }: Refusal): string {
  return [message, "You can ask, for example:", examples.map((example) => `- ${example}`).join("\n")].join("\n\n");
}

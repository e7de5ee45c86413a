/**
 * Text without control characters, on one line: what agents and documents say must not move the cursor, change the
 * window's title or forge a line of ours. Also removes the characters that reorder text (Unicode bidi controls).
 */
export const toPlainText = (text: string): string =>
  text.replace(/[\r\n\t]+/g, " ").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

/** As `toPlainText`, keeping line ends and tabs. */
export const toPlainLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split("\t").map(toPlainText).join("\t"))
    .join("\n");

/** Where a command speaks: data on stdout, talk and progress on stderr. */
import type { OutputFormat } from "./command.ts";
import { formatTable, type TableRow } from "./format-table.ts";
import { toPlainLines, toPlainText } from "./plain-text.ts";
import { toJsonText, toYamlText } from "./structured-text.ts";

export interface TextStream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2 } as const;
export type Colour = keyof typeof COLOURS;

const ERASE_LINE = "\r\u001b[2K";

export class Output {
  private readonly stdout: TextStream;
  private readonly stderr: TextStream;
  private readonly hasColour: boolean;
  private readonly hasLiveLine: boolean;
  private liveLine = "";
  /** Lines of the block that the next one replaces. */
  private blockHeight = 0;
  /** What is data goes to a person, who can be shown it changing. */
  readonly isTerminal: boolean;
  private lastProgress = "";

  constructor({ stdout, stderr, environment }: OutputOptions) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.isTerminal = stdout.isTTY === true && environment["TERM"] !== "dumb";
    const isTerminal = stderr.isTTY === true && environment["TERM"] !== "dumb";
    this.hasLiveLine = isTerminal;
    this.hasColour = isTerminal && (environment["NO_COLOR"] ?? "") === "";
  }

  /** One line of data, as it is. */
  line(text: string): void {
    this.hideProgress();
    this.stdout.write(`${text}\n`);
  }

  /** A piece of data that is text, without a line end of its own: on a terminal without control characters. */
  piece(text: string): void {
    this.hideProgress();
    this.stdout.write(this.isTerminal ? toPlainLines(text) : text);
  }

  /** Data that changes in place: takes the place of the block before, on a terminal that has nothing below it. */
  block(text: string): void {
    this.hideProgress();
    const width = Math.max((this.stdout.columns ?? 80) - 1, 1);
    const most = Math.max((this.stdout.rows ?? 24) - 2, 1);
    const all = text.split("\n").map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
    const lines = all.length > most ? [...all.slice(0, most - 1), `… ${all.length - most + 1} more`] : all;
    this.stdout.write(`${this.blockHeight === 0 ? "" : `\u001b[${this.blockHeight}A\r\u001b[J`}${lines.join("\n")}\n`);
    this.blockHeight = lines.length;
  }

  /** Data that is no text. */
  bytes(data: Uint8Array): void {
    this.hideProgress();
    this.stdout.write(data);
  }

  /** `value` in the asked form; `asTable` says how people read it. */
  async data(format: OutputFormat, value: unknown, asTable: () => string): Promise<void> {
    switch (format) {
      case "json":
        return this.line(toJsonText(value, 2));
      case "yaml":
        return this.line(await toYamlText(value));
      case "table":
        return this.line(asTable());
    }
  }

  table(format: OutputFormat, value: unknown, columns: readonly string[], rows: readonly TableRow[]): Promise<void> {
    return this.data(format, value, () => formatTable(columns, rows));
  }

  /** One line for the person at the terminal; control characters from elsewhere do not reach it. */
  say(text: string, colour?: Colour): void {
    this.hideProgress();
    const lines = text.split("\n").map((line) => this.paint(toPlainText(line), colour));
    this.stderr.write(`${lines.join("\n")}\n`);
  }

  /** What is being done now: one line that changes in place on a terminal, a line per change elsewhere. */
  progress(text: string): void {
    const plain = toPlainText(text);
    if (plain === this.lastProgress) return;
    this.lastProgress = plain;
    if (!this.hasLiveLine) {
      this.stderr.write(`${plain}\n`);
      return;
    }
    const width = (this.stderr.columns ?? 80) - 1;
    this.liveLine = plain.length > width ? `${plain.slice(0, Math.max(width - 1, 0))}…` : plain;
    this.stderr.write(`${ERASE_LINE}${this.paint(this.liveLine, "dim")}`);
  }

  /** Takes the changing line away; the next `progress` brings it back. */
  hideProgress(): void {
    if (this.liveLine === "") return;
    this.liveLine = "";
    this.lastProgress = "";
    this.stderr.write(ERASE_LINE);
  }

  private paint(text: string, colour: Colour | undefined): string {
    return colour === undefined || !this.hasColour ? text : `\u001b[${COLOURS[colour]}m${text}\u001b[0m`;
  }
}

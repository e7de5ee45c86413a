/** Bytes into lines. One that is longer than it may be is left out whole and counted: no more than `maxLineBytes` are kept of any. */
export class LineSplitter {
  private readonly maxLineBytes: number;
  private pieces: Uint8Array[] = [];
  private bytes = 0;
  private isTooLong = false;
  private left = 0;

  constructor(maxLineBytes: number) {
    this.maxLineBytes = maxLineBytes;
  }

  /** Lines that were left out. */
  get skipped(): number {
    return this.left;
  }

  /** Of what is kept for a line that has no end yet. */
  get keptBytes(): number {
    return this.bytes;
  }

  /** The lines that end here, without their ends. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      this.take(lines);
      from = at + 1;
    }
    this.keep(chunk.subarray(from));
    return lines;
  }

  /** What came after the last line's end. */
  end(): string[] {
    const lines: string[] = [];
    if (this.bytes > 0 || this.isTooLong) this.take(lines);
    return lines;
  }

  private keep(piece: Uint8Array): void {
    if (this.isTooLong || piece.length === 0) return;
    if (this.bytes + piece.length > this.maxLineBytes) {
      this.isTooLong = true;
      this.pieces = [];
      this.bytes = 0;
      return;
    }
    // A copy: a piece would keep the whole chunk.
    this.pieces.push(piece.slice());
    this.bytes += piece.length;
  }

  private take(lines: string[]): void {
    if (this.isTooLong) this.left += 1;
    else lines.push(Buffer.concat(this.pieces).toString("utf8").replace(/\r$/, ""));
    this.pieces = [];
    this.bytes = 0;
    this.isTooLong = false;
  }
}

const NEWLINE = 10;

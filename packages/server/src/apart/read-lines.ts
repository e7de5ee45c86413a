import type { Readable } from "node:stream";

interface LineLimit {
  readonly maxBytes: number;
  /** Nothing more is read. */
  onTooLong(): void;
}

/** Lines of `source`, without their ends. */
export const readLines = (source: Readable, onLine: (line: string) => void, limit?: LineLimit): void => {
  let pieces: Buffer[] = [];
  let heldBytes = 0;
  const read = (given: Buffer): void => {
    let piece = given;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10)) {
      pieces.push(piece.subarray(0, end));
      const line = Buffer.concat(pieces).toString("utf8");
      pieces = [];
      heldBytes = 0;
      piece = piece.subarray(end + 1);
      onLine(line);
    }
    if (piece.length > 0) pieces.push(piece);
    heldBytes += piece.length;
    if (limit === undefined || heldBytes <= limit.maxBytes) return;
    source.off("data", read);
    source.resume();
    pieces = [];
    limit.onTooLong();
  };
  source.on("data", read);
};

import type { Readable } from "node:stream";

/** Lines of `source`, without their ends. */
export const readLines = (source: Readable, onLine: (line: string) => void): void => {
  let pieces: Buffer[] = [];
  source.on("data", (given: Buffer) => {
    let piece = given;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10)) {
      pieces.push(piece.subarray(0, end));
      const line = Buffer.concat(pieces).toString("utf8");
      pieces = [];
      piece = piece.subarray(end + 1);
      onLine(line);
    }
    if (piece.length > 0) pieces.push(piece);
  });
};

import type { Readable } from "node:stream";

/** Lines of `source`, without their ends. After one over `maxBytes` nothing more is read, and `onFlood` is told. */
export const readLines = (
  source: Readable,
  options: { readonly maxBytes: number; onLine(line: string): void; onFlood(): void },
): void => {
  let pieces: Buffer[] = [];
  let length = 0;
  let isFlooded = false;
  const add = (piece: Buffer): void => {
    pieces.push(piece);
    length += piece.length;
    if (length <= options.maxBytes) return;
    isFlooded = true;
    pieces = [];
    options.onFlood();
  };
  source.on("data", (given: Buffer) => {
    let piece = given;
    for (let end = piece.indexOf(10); end >= 0 && !isFlooded; end = piece.indexOf(10)) {
      add(piece.subarray(0, end));
      const line = Buffer.concat(pieces);
      pieces = [];
      length = 0;
      piece = piece.subarray(end + 1);
      if (!isFlooded) options.onLine(line.toString("utf8"));
    }
    if (!isFlooded) add(piece);
  });
};

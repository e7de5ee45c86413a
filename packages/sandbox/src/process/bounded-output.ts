import type { Readable } from "node:stream";

export interface BoundedOutput {
  /** Collects what comes from `source`; further sources share the bound. */
  add(source: Readable): () => string;
}

/** Keeps the first `maxBytes` of all it is given together, and calls `onExceeded` once there is more. */
export const boundedOutput = (maxBytes: number, onExceeded: () => void): BoundedOutput => {
  let room = maxBytes;
  const take = (bytes: Buffer): Buffer => {
    const kept = bytes.subarray(0, room);
    room -= kept.length;
    if (kept.length < bytes.length) onExceeded();
    return kept;
  };
  return {
    add(source) {
      const pieces: Buffer[] = [];
      source.on("data", (piece: Buffer) => {
        const kept = take(piece);
        // A copy: what is cut off a piece keeps the whole of it, and its length counts nothing.
        if (kept.length > 0) pieces.push(Buffer.from(kept));
      });
      // At its end, since a character may lie on both sides of a cut.
      return () => Buffer.concat(pieces).toString("utf8");
    },
  };
};

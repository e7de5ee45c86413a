/** The newest of many, in pieces: what is added is written to the last piece alone, and the oldest piece goes as a whole. */
import type { QueryContext } from "@agentcore/sdk";
import { jsonBytes } from "./json-bytes.ts";
import type { KeeperMemory } from "./keep-taken.ts";

/** Where the pieces are. Plain JSON. */
export interface RingHead {
  /** Number of the oldest piece. */
  readonly first: number;
  /** How many are in each, from that on. */
  readonly sizes: readonly number[];
  /** Ever added. */
  readonly added: number;
  /** So many before the first are out of it, and removed when the next are added: by then the head that leaves them out is kept. */
  readonly stale: number;
}

export const EMPTY_RING: RingHead = { first: 0, sizes: [], added: 0, stale: 0 };

const PIECE = 100;
// What one value may have is 1 MiB, and one item is never larger than the rest of that.
const PIECE_BYTES = 700_000;

const keyOf = (name: string, piece: number): string => `${name}/${piece}`;

export const sizeOfRing = ({ sizes }: RingHead): number => sizes.reduce((sum, size) => sum + size, 0);

/** Adds to what is kept under `name`; at least the newest `most` stay, up to a piece more. Until the new head is kept the old one stands, and can be added to again. */
export const addToRing = async (
  memory: KeeperMemory,
  name: string,
  head: RingHead,
  items: readonly unknown[],
  most: number,
): Promise<RingHead> => {
  for (let piece = head.first - head.stale; piece < head.first; piece++) await memory.delete(keyOf(name, piece));
  const sizes = [...head.sizes];
  const last = sizes.at(-1) ?? PIECE;
  const isOpen = last < PIECE && items.length > 0;
  let piece: unknown[] = isOpen
    ? // What an attempt before this one added is none of it.
      (((await memory.get(keyOf(name, head.first + sizes.length - 1))) ?? []) as unknown[]).slice(0, last)
    : [];
  if (isOpen) sizes.pop();
  let bytes = jsonBytes(piece);
  const write = async (): Promise<void> => {
    await memory.set(keyOf(name, head.first + sizes.length), piece);
    sizes.push(piece.length);
    piece = [];
    bytes = 0;
  };
  // What would go at once is not written.
  for (const item of items.slice(-(most + PIECE))) {
    const size = jsonBytes(item);
    if (piece.length > 0 && (piece.length === PIECE || bytes + size > PIECE_BYTES)) await write();
    piece.push(item);
    bytes += size;
  }
  if (piece.length > 0) await write();
  let { first } = head;
  for (let size = sizeOfRing({ ...head, sizes }); size - (sizes[0] ?? 0) >= most && sizes.length > 1; first++)
    size -= sizes.shift() ?? 0;
  return { first, sizes, added: head.added + items.length, stale: first - head.first };
};

/** Newest first, a piece at a time. */
export async function* newestOf(
  memory: QueryContext["memory"],
  name: string,
  { first, sizes }: RingHead,
): AsyncGenerator<unknown> {
  for (let piece = first + sizes.length - 1; piece >= first; piece--) {
    // Gone meanwhile: it was the oldest. Longer: the head that has the rest is not kept yet, or was not read.
    const items = ((await memory.get(keyOf(name, piece))) ?? []) as readonly unknown[];
    yield* items.slice(0, sizes[piece - first]).toReversed();
  }
}

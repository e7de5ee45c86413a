/** The newest of many, in pieces: what is added is written to the last piece alone, and the oldest piece goes as a whole. */
import type { Context, QueryContext } from "@agentcore/sdk";
import { jsonBytes } from "./json-bytes.ts";

/** Where the pieces are. Plain JSON. */
export interface RingHead {
  /** Number of the oldest piece. */
  readonly first: number;
  /** How many are in each, from that on. */
  readonly sizes: readonly number[];
  /** Ever added. */
  readonly added: number;
}

export const EMPTY_RING: RingHead = { first: 0, sizes: [], added: 0 };

const PIECE = 100;
// What one value may have is 1 MiB, and one item is never larger than the rest of that.
const PIECE_BYTES = 700_000;

const keyOf = (name: string, piece: number): string => `${name}/${piece}`;

export const sizeOfRing = ({ sizes }: RingHead): number => sizes.reduce((sum, size) => sum + size, 0);

/** Adds to what is kept under `name`; at least the newest `most` stay, up to a piece more. */
export const addToRing = async (
  memory: Pick<Context["memory"], "get" | "set" | "delete">,
  name: string,
  head: RingHead,
  items: readonly unknown[],
  most: number,
): Promise<RingHead> => {
  const sizes = [...head.sizes];
  const last = sizes.at(-1) ?? PIECE;
  const isOpen = last < PIECE && items.length > 0;
  let piece: unknown[] = isOpen
    ? [...(((await memory.get(keyOf(name, head.first + sizes.length - 1))) ?? []) as unknown[])]
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
  for (let size = sizeOfRing({ ...head, sizes }); size - (sizes[0] ?? 0) >= most && sizes.length > 1; first++) {
    await memory.delete(keyOf(name, first));
    size -= sizes.shift() ?? 0;
  }
  return { first, sizes, added: head.added + items.length };
};

/** Newest first, a piece at a time. */
export async function* newestOf(
  memory: QueryContext["memory"],
  name: string,
  { first, sizes }: RingHead,
): AsyncGenerator<unknown> {
  for (let piece = first + sizes.length - 1; piece >= first; piece--) {
    // Gone meanwhile: it was the oldest.
    const items = ((await memory.get(keyOf(name, piece))) ?? []) as readonly unknown[];
    yield* items.toReversed();
  }
}

/** The newest of many, in pieces: what is added is written to the last piece alone, and the oldest piece goes as a whole. */
import type { Context, QueryContext } from "@agentcore/sdk";

/** Where the pieces are. Plain JSON. */
export interface RingHead {
  /** Numbers of the oldest piece, and of the one behind the newest. */
  readonly first: number;
  readonly next: number;
  /** In all pieces. */
  readonly size: number;
  /** Of the newest piece. */
  readonly last: number;
  /** Ever added. */
  readonly added: number;
}

export const EMPTY_RING: RingHead = { first: 0, next: 0, size: 0, last: 0, added: 0 };

// With 8 KiB each they are below what one value may have.
const PIECE = 100;

const keyOf = (name: string, piece: number): string => `${name}/${piece}`;

/** Adds to what is kept under `name`; at least the newest `most` stay, up to a piece more. */
export const addToRing = async (
  memory: Pick<Context["memory"], "get" | "set" | "delete">,
  name: string,
  head: RingHead,
  items: readonly unknown[],
  most: number,
): Promise<RingHead> => {
  let { first, next, size, last } = head;
  const hasRoom = next > first && last < PIECE;
  let piece: unknown[] = hasRoom ? [...(((await memory.get(keyOf(name, next - 1))) ?? []) as unknown[])] : [];
  let at = hasRoom ? next - 1 : next;
  for (let from = 0; from < items.length; ) {
    const taken = items.slice(from, from + PIECE - piece.length);
    from += taken.length;
    piece.push(...taken);
    size += taken.length;
    await memory.set(keyOf(name, at), piece);
    last = piece.length;
    next = at + 1;
    at = next;
    piece = [];
  }
  for (; size - PIECE >= most; first++) {
    await memory.delete(keyOf(name, first));
    size -= PIECE;
  }
  return { first, next, size, last, added: head.added + items.length };
};

/** Newest first, a piece at a time. */
export async function* newestOf(
  memory: QueryContext["memory"],
  name: string,
  { first, next }: RingHead,
): AsyncGenerator<unknown> {
  for (let piece = next - 1; piece >= first; piece--) {
    // Gone meanwhile: it was the oldest.
    const items = ((await memory.get(keyOf(name, piece))) ?? []) as readonly unknown[];
    yield* items.toReversed();
  }
}

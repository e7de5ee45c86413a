import { sizeOf } from "@agentcore/core/payloads";
import type { Feed } from "@agentcore/core/tasks";
import { SMALLEST_COUNTED } from "./pending-answers.ts";

// Of UTF-8, for a character of JSON.
const MOST_BYTES = 3;

/**
 * Counts each piece of a feed until the next is asked for, which is when the client has taken it: a reader who stalls has one piece in
 * memory, and all readers together no more than `hold` lets them.
 */
export class HeldFeed<Item> implements Feed<Item> {
  private readonly feed: Feed<Item>;
  /** Counts bytes until what it returns is called. Throws OVERLOADED. */
  private readonly hold: (bytes: number) => () => void;
  private release: (() => void) | null = null;
  private isClosed = false;

  constructor(feed: Feed<Item>, hold: (bytes: number) => () => void) {
    this.feed = feed;
    this.hold = hold;
  }

  /** Rejects as the feed does, and with OVERLOADED, after which the piece is gone. */
  async read(): Promise<readonly Item[] | null> {
    this.letGo();
    const items = await this.feed.read();
    if (this.isClosed) return null;
    if (items !== null && items.length > 0) this.release = this.hold(bytesOf(items));
    return items;
  }

  wait(ring: () => void): void {
    this.feed.wait(ring);
  }

  close(): void {
    this.isClosed = true;
    this.letGo();
    this.feed.close();
  }

  private letGo(): void {
    this.release?.();
    this.release = null;
  }
}

/** Exact where it counts: most pieces are small, and only walked through. */
const bytesOf = (items: readonly unknown[]): number => {
  const most = sizeOf(items) * MOST_BYTES;
  return most < SMALLEST_COUNTED ? most : Buffer.byteLength(JSON.stringify(items));
};

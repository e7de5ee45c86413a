import { sizeOf } from "@agentcore/core/payloads";
import type { Feed } from "@agentcore/core/tasks";
import { SMALLEST_COUNTED } from "./pending-answers.ts";
import type { StreamRoom } from "./stream-room.ts";

// Of UTF-8, for a character of JSON.
const MOST_BYTES = 3;

/**
 * Counts each piece of a feed until the next is asked for, which is when the client has taken it: a reader who stalls has one piece in
 * memory. The feed asks `room.hasRoom` before it reads; what it then leaves unread is waited for here until there is room.
 */
export class HeldFeed<Item> implements Feed<Item> {
  private readonly feed: Feed<Item>;
  private readonly room: StreamRoom;
  private isClosed = false;

  constructor(feed: Feed<Item>, room: StreamRoom) {
    this.feed = feed;
    this.room = room;
  }

  async read(): Promise<readonly Item[] | null> {
    const { feed, room } = this;
    room.letGo();
    try {
      const items = await feed.read();
      if (this.isClosed) return null;
      if (items !== null && items.length > 0) room.take(bytesOf(items));
      return items;
    } finally {
      room.endRead();
    }
  }

  wait(ring: () => void): void {
    if (this.room.isWaitedFor) this.room.wait(ring);
    else this.feed.wait(ring);
  }

  close(): void {
    this.isClosed = true;
    this.feed.close();
    this.room.close();
  }
}

/** Exact where it counts: most pieces are small, and only walked through. */
const bytesOf = (items: readonly unknown[]): number => {
  const most = sizeOf(items) * MOST_BYTES;
  return most < SMALLEST_COUNTED ? most : Buffer.byteLength(JSON.stringify(items));
};

/**
 * What is read in pieces as it comes, by one reader at a time. Nothing is suspended between the pieces: a reader who waits is no more
 * than the callback it left.
 */
export interface Feed<Item> {
  /** What came since the last piece, in order: empty when there is nothing for now, null when nothing will come any more. */
  read(): Promise<readonly Item[] | null>;
  /** After an empty piece: calls back once when there may be more, perhaps before it returns; also when the feed ends. */
  wait(ring: () => void): void;
  /** Ends it and lets go of everything; whoever waits is called. Idempotent. */
  close(): void;
}

/** A feed item by item. Ends once the feed is closed, and closes it. */
export async function* itemsOf<Item>(feed: Feed<Item>): AsyncGenerator<Item, void> {
  try {
    for (let piece = await feed.read(); piece !== null; piece = await feed.read()) {
      if (piece.length === 0) await new Promise<void>((resolve) => feed.wait(resolve));
      yield* piece;
    }
  } finally {
    feed.close();
  }
}

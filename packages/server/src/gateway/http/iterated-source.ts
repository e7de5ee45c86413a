import type { SseSource } from "./server-sent-events.ts";

/** What comes item by item, as a source whose pieces are one item each. */
export const iteratedSource = <Item>({
  frames,
  release,
}: {
  readonly frames: Pick<AsyncIterator<Item>, "next">;
  release(): void;
}): SseSource<Item> => ({
  feed: {
    async read() {
      const result = await frames.next();
      return result.done === true ? null : [result.value];
    },
    // No piece is empty.
    wait: (ring) => ring(),
    close: release,
  },
  release,
});

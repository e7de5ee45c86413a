import type { SseSource } from "./server-sent-events.ts";

/** What comes item by item, as a source whose pieces are one item each. */
export const iteratedSource = <Item>({
  frames,
  release,
}: {
  readonly frames: AsyncIterator<Item>;
  release(): void;
}): SseSource<Item> => {
  const close = (): void => {
    release();
    // A generator that waits for its source finishes once the source does; nobody waits for it here.
    frames.return?.().catch(() => {});
  };
  return {
    feed: {
      async read() {
        const result = await frames.next();
        return result.done === true ? null : [result.value];
      },
      // No piece is empty.
      wait: (ring) => ring(),
      close,
    },
    release: close,
  };
};

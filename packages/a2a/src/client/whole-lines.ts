const LINE_END = 10;

/**
 * Lines as they come, and of a line that has not ended nothing until it has: a reader that looks through all of what it has with every
 * chunk, as the SDK's does, takes minutes for one of a few MiB that comes in chunks of a few bytes. Above `maxBytes` a line is handed on
 * as it is, so that its reader may refuse it.
 */
export const wholeLines = (maxBytes: number): TransformStream<Uint8Array, Uint8Array> => {
  // Doubled when it is full: kept one by one, small chunks take many times their bytes.
  let held = new Uint8Array(0);
  let bytes = 0;
  const hold = (chunk: Uint8Array): void => {
    if (bytes + chunk.byteLength > held.byteLength) {
      const larger = new Uint8Array(Math.max(held.byteLength * 2, bytes + chunk.byteLength));
      larger.set(held.subarray(0, bytes));
      held = larger;
    }
    held.set(chunk, bytes);
    bytes += chunk.byteLength;
  };
  const hand = (controller: TransformStreamDefaultController<Uint8Array>): void => {
    if (bytes > 0) controller.enqueue(held.subarray(0, bytes));
    held = new Uint8Array(0);
    bytes = 0;
  };
  return new TransformStream({
    transform(chunk, controller) {
      const end = chunk.lastIndexOf(LINE_END) + 1;
      if (end > 0) {
        hold(chunk.subarray(0, end));
        hand(controller);
      }
      hold(chunk.subarray(end));
      if (bytes > maxBytes) hand(controller);
    },
    flush: hand,
  });
};

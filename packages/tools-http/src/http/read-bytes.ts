import { PlatformError } from "@agentcore/contract";

/** As much of a body as `maxBytes`; the connection of what is longer is closed. Throws UPSTREAM_FAILED, retryable, for one that is cut off. */
export const readBytes = async (
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      const room = maxBytes - size;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      size += chunk.length;
      // Leaving the loop closes the connection.
      if (size > maxBytes) break;
    }
  } catch (error) {
    if (PlatformError.is(error) || !(error instanceof TypeError)) throw error;
    throw new PlatformError("UPSTREAM_FAILED", "the answer was cut off", { cause: error, retryable: true });
  }
  return { bytes: Buffer.concat(chunks), isCut: size > maxBytes };
};

import { PlatformError } from "@agentcore/contract/errors";
import type { OpenedFile } from "./confined-folder.ts";
import { quoted } from "./judge-path.ts";

const CHUNK_BYTES = 256 * 1024;

/** All of a file. Throws TOO_LARGE past `maxBytes`, also when it grows meanwhile, or says no size, as files of `/proc` do. */
export const readBounded = async (
  { handle, bytes }: OpenedFile,
  path: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> => {
  const tooLarge = () =>
    new PlatformError("TOO_LARGE", `${quoted(path)} has more than the ${maxBytes} bytes that are read`);
  if (bytes > maxBytes) throw tooLarge();
  let content = Buffer.allocUnsafe(Math.min(maxBytes, bytes) + 1);
  let length = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (length > maxBytes) throw tooLarge();
    if (length === content.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes + 1, length + CHUNK_BYTES));
      content.copy(larger, 0, 0, length);
      content = larger;
    }
    const { bytesRead } = await handle.read(content, length, content.length - length, null);
    if (bytesRead === 0) return content.subarray(0, length);
    length += bytesRead;
  }
};

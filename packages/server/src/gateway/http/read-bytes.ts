import { PlatformError } from "@agentcore/contract";

/** Gives each piece of a body to `take`. Throws TOO_LARGE above `maxBytes`, before reading when the length is declared, and INVALID_REQUEST when it breaks off. */
export const readPieces = async (
  request: Request,
  maxBytes: number,
  take: (piece: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> => {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return;
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  const leave = (): void => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", leave, { once: true });
  let bytes = 0;
  for (;;) {
    const chunk = await reader.read().catch((error: unknown) => {
      throw unreadable(error);
    });
    if (signal?.aborted === true) throw unreadable(signal.reason);
    if (chunk.done) break;
    bytes += chunk.value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    take(chunk.value);
  }
  signal?.removeEventListener("abort", leave);
};

/** The body as it came, for whom every byte counts. Throws INVALID_REQUEST when it is not there after `timeoutMs`. */
export const readBytes = async (request: Request, maxBytes: number, timeoutMs: number): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  await readPieces(request, maxBytes, (piece) => pieces.push(piece), AbortSignal.timeout(timeoutMs));
  return Buffer.concat(pieces);
};

export const tooLarge = (maxBytes: number) =>
  new PlatformError("TOO_LARGE", `the body is over the limit of ${maxBytes} bytes`, { details: { maxBytes } });

export const unreadable = (cause: unknown) =>
  new PlatformError("INVALID_REQUEST", "the body ended before it was complete", { cause });

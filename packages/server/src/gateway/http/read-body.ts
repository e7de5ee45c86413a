import { PlatformError } from "@agentcore/contract";

/** The body as text. Throws TOO_LARGE above `maxBytes`, before reading when the length is declared. */
export const readBody = async (request: Request, maxBytes: number): Promise<string> => {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > maxBytes) throw tooLarge(maxBytes);
    const text = await readText(request);
    // Over a socket the length is enforced by the parser; elsewhere it is only a claim.
    if (text.length > maxBytes) throw tooLarge(maxBytes);
    return text;
  }
  return request.body === null ? "" : readStream(request.body, maxBytes);
};

const readText = async (request: Request): Promise<string> => {
  try {
    return await request.text();
  } catch (error) {
    throw unreadable(error);
  }
};

const readStream = async (body: ReadableStream<Uint8Array>, maxBytes: number): Promise<string> => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const chunk = await reader.read().catch((error: unknown) => {
      throw unreadable(error);
    });
    if (chunk.done) return text + decoder.decode();
    bytes += chunk.value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    text += decoder.decode(chunk.value, { stream: true });
  }
};

const tooLarge = (maxBytes: number) =>
  new PlatformError("TOO_LARGE", `the body is over the limit of ${maxBytes} bytes`, { details: { maxBytes } });

const unreadable = (cause: unknown) =>
  new PlatformError("INVALID_REQUEST", "the body ended before it was complete", { cause });

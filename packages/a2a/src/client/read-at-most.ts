import { PlatformError } from "@agentcore/contract";

/** The body as text. Throws TOO_LARGE. */
export const readAtMost = async (response: Response, maxBytes: number, what: string): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new PlatformError("TOO_LARGE", `${what} is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

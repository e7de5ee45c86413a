import { readPieces, tooLarge, unreadable } from "./read-bytes.ts";

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
  const decoder = new TextDecoder();
  let text = "";
  await readPieces(request, maxBytes, (piece) => {
    text += decoder.decode(piece, { stream: true });
  });
  return text + decoder.decode();
};

const readText = async (request: Request): Promise<string> => {
  try {
    return await request.text();
  } catch (error) {
    throw unreadable(error);
  }
};

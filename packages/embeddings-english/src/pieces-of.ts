/** The model reads 128 of its tokens, some four characters each, and says nothing of what it left out. */
const PIECE_CHARACTERS = 400;
// 3,200 characters: each takes some 60 ms, and the mean of more says little.
const MAX_PIECES = 8;

/**
 * A text as the model takes it: cut between words into pieces that it reads whole, 8 at most; white space is a blank, since it knows no other. A text of nothing
 * is a piece of nothing.
 */
export const piecesOf = (text: string): readonly string[] => {
  const plain = text
    .slice(0, 2 * MAX_PIECES * PIECE_CHARACTERS)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const pieces: string[] = [];
  for (let from = 0; from < plain.length && pieces.length < MAX_PIECES; ) {
    const to = endOfPiece(plain, from);
    pieces.push(plain.slice(from, to).trim());
    from = to;
  }
  return pieces.length === 0 ? [""] : pieces;
};

const endOfPiece = (text: string, from: number): number => {
  const to = from + PIECE_CHARACTERS;
  if (to >= text.length) return text.length;
  const blank = text.lastIndexOf(" ", to);
  // A word that long is none.
  return blank > from ? blank + 1 : to;
};

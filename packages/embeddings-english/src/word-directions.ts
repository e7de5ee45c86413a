/**
 * What stands for a text whose language the model does not know: the sum of its words, each in a direction of its own that its letters give. Texts with equal
 * words are near each other and all others are not, whereas the model puts any two sentences of German at 0.8. Of scripts without blanks pairs of letters are words.
 */
export const wordDirections = (text: string, dimensions: number): Float32Array => {
  const sum = new Float32Array(dimensions);
  let words = 0;
  for (const word of wordsIn(text)) {
    words += 1;
    addDirection(sum, word);
  }
  if (words === 0) addDirection(sum, text.normalize("NFKC"));
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0));
  // Words may cancel each other out in theory; a direction of some kind is always wanted.
  return length === 0 ? sum.fill(1 / Math.sqrt(dimensions)) : sum.map((value) => value / length);
};

function* wordsIn(text: string): Generator<string> {
  for (const [word] of text
    .normalize("NFKC")
    .toLowerCase()
    .matchAll(/\p{L}[\p{L}\p{M}]*|\p{N}+/gu)) {
    if (!/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}/u.test(word)) yield word;
    else {
      const letters = Array.from(word);
      if (letters.length === 1) yield word;
      for (let at = 0; at + 1 < letters.length; at += 1) yield `${letters[at]}${letters[at + 1]}`;
    }
  }
}

const addDirection = (sum: Float32Array, word: string): void => {
  let state = seedOf(word);
  for (let at = 0; at < sum.length; at += 1) {
    // Xorshift of 32 bits: its highest bit says which way.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    sum[at] = (sum[at] ?? 0) + (state < 0 ? -1 : 1);
  }
};

/** FNV-1a; never 0, from which nothing would follow. */
const seedOf = (word: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash | 0 || 1;
};

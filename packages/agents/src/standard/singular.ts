/** Of an English word, by its end: enough to find `order` in `orders`, and wrong for what is irregular. */
export const singular = (word: string): string => {
  if (/(?:ss|us|is)$/.test(word) || word.length < 4) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /(?:[sxz]|[cs]h)es$/.test(word) ? word.slice(0, -2) : word.endsWith("s") ? word.slice(0, -1) : word;
};

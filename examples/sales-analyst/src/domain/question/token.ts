/** A word or number of the question in lower case, or a symbol that no plain question needs. */
export interface Token {
  readonly text: string;
  readonly isSymbol: boolean;
}

/** Dates keep their hyphens; any other hyphen parts two words ("year-to-date"). Everyday punctuation carries no meaning here. */
const pattern = /\d{4}-\d{2}(?:-\d{2})?(?![\p{L}\p{N}-])|[\p{L}\p{N}]+(?:'[\p{L}]+)?|[^\s]/gu;
const everydayPunctuation = new Set([".", ",", "!", ":", "'", '"', "(", ")", "-"]);

export function tokenise(question: string): readonly Token[] {
  const text = question
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[’‘`´]/g, "'")
    .replaceAll(/[“”]/g, '"')
    .replaceAll(/[–—]/g, "-")
    // A question mark closes the question; one in the middle means two questions, and stays as a symbol no rule knows.
    .replace(/[?!.\s]+$/, "");
  return (text.match(pattern) ?? [])
    .filter((found) => !everydayPunctuation.has(found))
    .map((found) => ({ text: found.replace(/'s$/, ""), isSymbol: !/[\p{L}\p{N}]/u.test(found) }));
}

/** Singular of the plural forms that product and category names take. */
export function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(?:ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

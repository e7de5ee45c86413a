import { numbersIn } from "./guards/numbers.ts";

/** Of two answers that say the same in other words, and of no others but few. */
const MIN_SIMILARITY = 0.9;

const foldText = (text: string): string =>
  text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\s\p{P}\p{S}]+/gu, " ")
    .trim();

const polarityOf = (text: string): "yes" | "no" | null => {
  const first = /^\s*(yes|no|true|false|correct|incorrect)\b/i.exec(text)?.[1]?.toLowerCase();
  if (first === undefined) return null;
  return first === "yes" || first === "true" || first === "correct" ? "yes" : "no";
};

/**
 * Whether two answers say the same. Equal texts do; different numbers, or a yes against a no, do not; for what is left `similarity` of their vectors
 * (cosine, null when it is not known) decides, and without it they do not: doubt counts as a wrong hit.
 */
export const sameAnswer = (kept: string, fresh: string, similarity: number | null): boolean => {
  if (foldText(kept) === foldText(fresh)) return true;
  const [left, right] = [polarityOf(kept), polarityOf(fresh)];
  if (left !== null && right !== null && left !== right) return false;
  if (numbersIn(kept).toSorted().join(" ") !== numbersIn(fresh).toSorted().join(" ")) return false;
  return similarity !== null && similarity >= MIN_SIMILARITY;
};

/** Cosine; null for vectors that have none. */
export const similarityOf = (left: ArrayLike<number>, right: ArrayLike<number>): number | null => {
  let product = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let index = 0; index < left.length; index += 1) {
    const [a, b] = [left[index] ?? 0, right[index] ?? 0];
    product += a * b;
    leftSquare += a * a;
    rightSquare += b * b;
  }
  const length = Math.sqrt(leftSquare * rightSquare);
  return left.length !== right.length || !(length > 0) ? null : product / length;
};

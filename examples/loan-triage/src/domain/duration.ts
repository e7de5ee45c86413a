const numberWords: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
};
const count = `(?:\\d{1,3}(?:[.,]5)?|${Object.keys(numberWords).join("|")})`;

/** Finds `48 months`, `4 years`, `five years and 3 months` in running text. */
export const durationPattern = new RegExp(
  `\\b${count}[\\s-]+years?(?:(?:,|\\s+and)?\\s+${count}\\s+months?)?\\b|\\b${count}[\\s-]+months?\\b`,
  "gi",
);

/** Months. A bare number counts in `unit`. */
export function parseDuration(text: string, unit: "months" | "years" = "months"): number | undefined {
  const plain = text.trim().toLowerCase();
  const bare = new RegExp(`^(${count})$`).exec(plain);
  if (bare) return toMonths(bare[1], unit);
  const years = new RegExp(`(${count})[\\s-]*(?:years?|yrs?|y|jahre?)\\b`).exec(plain);
  const months = new RegExp(`(${count})[\\s-]*(?:months?|mths?|mos?|m|monate?)\\b`).exec(plain);
  if (!years && !months) return undefined;
  return toMonths(years?.[1], "years") + toMonths(months?.[1], "months");
}

function toMonths(text: string | undefined, unit: "months" | "years"): number {
  if (text === undefined) return 0;
  const amount = numberWords[text] ?? Number(text.replace(",", "."));
  return Math.round(unit === "years" ? amount * 12 : amount);
}

const words = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
  "twenty",
];
const ordinals = ["", "first", "second", "third", "fourth"];

/** A whole number up to three digits, or a word up to twenty; four digits are a year and belong to the calendar. */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const index = words.indexOf(text);
  return index >= 0 ? index : undefined;
}

/** "first" to "fourth", "1st" to "31st". */
export function ordinalOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const digits = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(text);
  if (digits) return Number(digits[1]);
  const index = ordinals.indexOf(text);
  return index > 0 ? index : undefined;
}

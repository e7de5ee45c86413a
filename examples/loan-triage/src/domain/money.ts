export interface Money {
  /** Signed. */
  readonly cents: number;
  /** ISO 4217; undefined when the text names none. */
  readonly currency: string | undefined;
}

const currencyPatterns: readonly (readonly [RegExp, string])[] = [
  [/€|\beur(?:os?)?\b/i, "EUR"],
  [/£|\bgbp\b|\bpounds?\b/i, "GBP"],
  [/\bchf\b|\bfrancs?\b/i, "CHF"],
  [/\bsek\b/i, "SEK"],
  [/\bpln\b|zł/i, "PLN"],
  [/\$|\busd\b|\bdollars?\b/i, "USD"],
];

export function currencyIn(text: string): string | undefined {
  return currencyPatterns.find(([pattern]) => pattern.test(text))?.[1];
}

const currencyWords = /€|£|\$|zł|\b(?:eur(?:os?)?|usd|dollars?|gbp|pounds?|chf|francs?|sek|pln)\b/gi;
const qualifiers =
  /\b(?:net|gross|per|a|an|each|every|month(?:ly)?|year(?:ly)?|annum|p\.?\s?[am]\.?|approx\.?|about|ca\.?)(?![a-z])|\/\s*(?:month|mo|year|yr)\b/gi;

/** Reads `€1,250.50`, `1.250,50 EUR`, `EUR 1250.50`, `1 250,50 €`, `€1.250,-`, `12k`, `-5.00`, `(5.00)` and `5.00-`.
 *  One separator before exactly three digits groups thousands: money has two decimals, never three. */
export function parseMoney(text: string): Money | undefined {
  const currency = currencyIn(text);
  let digits = text.replace(currencyWords, " ").replace(qualifiers, " ").trim();
  digits = digits.replace(/[\s,;.]+$/, "").replace(/,-+$/, "");
  const negative = /^[-−–]|^\(.*\)$|[-−–]$/.test(digits);
  digits = digits.replace(/[()+\-−–]/g, "").trim();
  const thousands = /^\d+(?:[.,]\d+)?\s?k$/i.test(digits) ? 1000 : 1;
  const value = parseNumber(digits.replace(/\s?k$/i, ""), thousands);
  if (value === undefined) return undefined;
  return { cents: Math.round(value * 100 * thousands) * (negative ? -1 : 1), currency };
}

function parseNumber(text: string, thousands: number): number | undefined {
  const plain = text.replace(/[\u00a0\u202f]/g, " ");
  if (thousands > 1) return Number(plain.replace(",", "."));
  const match = /^(\d{1,3}(?:([ .,'’])\d{3})(?:\2\d{3})*|\d+)(?:([.,])(\d{1,2}))?$/.exec(plain);
  if (!match) return undefined;
  const [, whole = "", group, decimal, fraction = ""] = match;
  if (group !== undefined && group === decimal) return undefined;
  return Number(`${whole.replace(/\D/g, "")}.${fraction || "0"}`);
}

const euros = new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" });

/** `1234567` becomes `€12,345.67`. */
export function formatEuro(cents: number): string {
  return euros.format(cents / 100);
}

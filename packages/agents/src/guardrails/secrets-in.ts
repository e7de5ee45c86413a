/** Secrets and personal numbers in a text, found by how they are written and, where there is one, by their checksum. */

export const SECRET_KINDS = ["secret", "card", "account", "national-id"] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

interface Finder {
  readonly kind: SecretKind;
  /** Global; what is to go is the group `value`, else all of it. */
  readonly pattern: RegExp;
  readonly isReal?: (value: string) => boolean;
}

const FINDERS: readonly Finder[] = [
  {
    kind: "secret",
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]{0,8000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
  { kind: "secret", pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    kind: "secret",
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[\w-]{20,64})/g,
  },
  {
    kind: "secret",
    pattern: /\b(?:sk|pk|rk)[-_](?:[a-z]{2,10}[-_])?[A-Za-z0-9_-]{16,255}/g,
    isReal: (value) => isMixed(value),
  },
  { kind: "secret", pattern: /\bxox[abprs]-[A-Za-z0-9-]{10,255}|\bAIza[A-Za-z0-9_-]{35}\b/g },
  { kind: "secret", pattern: /\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{10,1024}/g },
  { kind: "secret", pattern: /\bbearer\s+(?<value>[A-Za-z0-9._~+/-]{16,4096}=*)/gi, isReal: (value) => isMixed(value) },
  { kind: "secret", pattern: /\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@]{0,100}:(?<value>[^\s/@]{3,200})@/gi },
  {
    kind: "secret",
    pattern:
      /(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[ _-]?key|access[ _-]?key|private[ _-]?key)["']?\s{0,3}(?::|=|\bis\b)\s{0,3}["']?(?<value>[^\s"'<>,;]{6,200})/gi,
    isReal: (value) => isMixed(value) && !/^[$%{[(*]|^(?:your|the|from|xxx|\.\.\.)/i.test(value),
  },
  // Of 40 letters, as keys of clouds are, and unlike sums of a hash.
  {
    kind: "secret",
    pattern: /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
    isReal: (value) => !/^[0-9a-f]{40}$/i.test(value) && isMixed(value) && /[a-z]/.test(value) && /[A-Z]/.test(value),
  },
  { kind: "card", pattern: /(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])/g, isReal: (value) => isCard(value) },
  { kind: "account", pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g, isReal: (value) => isAccount(value) },
  { kind: "national-id", pattern: /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g },
];

/** The text with what was found blanked; the kinds that were found, each once. */
export const withoutSecrets = (
  text: string,
  kinds: ReadonlySet<SecretKind>,
): { readonly text: string; readonly found: ReadonlySet<SecretKind> } => {
  const found = new Set<SecretKind>();
  let clean = text;
  for (const { kind, pattern, isReal } of FINDERS) {
    if (!kinds.has(kind)) continue;
    clean = clean.replace(pattern, (...match) => {
      const whole = match[0] as string;
      const groups = match.at(-1) as Readonly<Record<string, string>> | string;
      const value = typeof groups === "object" ? (groups["value"] ?? whole) : whole;
      if (isReal?.(value) === false) return whole;
      found.add(kind);
      return whole.replace(value, () => `[${kind}]`);
    });
  }
  return { text: clean, found };
};

/** Letters and digits, or more: not a word. */
const isMixed = (value: string): boolean => /[a-z]/i.test(value) && /[\d]/.test(value);

/** Of an issuer that there is, of its length, and with a right check digit (Luhn). */
const isCard = (value: string): boolean => {
  const digits = value.replace(/\D/g, "");
  const isIssued =
    (digits.startsWith("4") && [13, 16, 19].includes(digits.length)) ||
    (/^(?:5[1-5]|2[2-7])/.test(digits) && digits.length === 16) ||
    (/^3[47]/.test(digits) && digits.length === 15) ||
    (/^(?:6011|65|35|62|30|36|38)/.test(digits) && digits.length >= 14);
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return isIssued && sum % 10 === 0;
};

/** Of 15 letters at least, that are 1 modulo 97 (ISO 13616). */
const isAccount = (value: string): boolean => {
  const compact = value.replaceAll(" ", "");
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const letter of compact.slice(4) + compact.slice(0, 4))
    for (const digit of String(Number.parseInt(letter, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
};

/** Keeps what a step has read of credentials out of the log: its result and its error are for everybody who may see the task. */
import { type Credential, PlatformError } from "@agentcore/contract";

// A shorter one would be found in words that have nothing to do with it.
const MIN_LENGTH = 8;

/** How a secret may be written. */
interface Spellings {
  /** As it is, and in other alphabets. */
  readonly literal: readonly string[];
  /** Where percent escapes are undone: encoders differ in what they escape, and in which case they write it. */
  readonly unescaped: readonly string[];
}

const spellingsIn = (read: readonly Credential[]): Spellings => {
  const secrets = read.map(({ value }) => value).filter((value) => value.length >= MIN_LENGTH);
  return {
    literal: [...new Set(secrets.flatMap(literalForms))],
    unescaped: [...new Set(secrets.flatMap(unescapedForms))],
  };
};

const literalForms = (secret: string): string[] => {
  const base64 = base64Of(secret);
  return [
    ...[secret, inJson(secret)],
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
};

const unescapedForms = (secret: string): string[] => {
  const text = secret.toWellFormed().replace(/[^\0-\x7f]+/g, encodeURIComponent);
  // Forms write a space so.
  return [text, text.replaceAll(" ", "+")];
};

/** Wherever it stands in what was encoded, such as `user:secret`: without the digits that it shares with its neighbours. */
const base64Of = (secret: string): string[] => {
  const bytes = [...new TextEncoder().encode(secret)].map((byte) => String.fromCharCode(byte)).join("");
  return [0, 1, 2].map((before) =>
    btoa("\0".repeat(before) + bytes).slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3)),
  );
};

/** Without the percent escapes of ASCII, the others in capitals; and where in it what was escaped is, in order. */
const undoEscapes = (text: string): { readonly plain: string; readonly undone: readonly number[] } => {
  const undone: number[] = [];
  const plain = text.replace(/%[0-9a-f]{2}/gi, (escape, offset: number) => {
    const code = Number.parseInt(escape.slice(1), 16);
    if (code > 0x7f) return escape.toUpperCase();
    undone.push(offset - 2 * undone.length);
    return String.fromCharCode(code);
  });
  return { plain, undone };
};

/** In text that is JSON. */
const holds = (text: string, { literal, unescaped }: Spellings): boolean => {
  if (literal.some((form) => text.includes(inJson(form)))) return true;
  const { plain } = undoEscapes(text);
  return unescaped.some((form) => plain.includes(form));
};

/** Throws RESULT_NOT_SERIALISABLE. */
export const assertNoSecret = (result: unknown, what: string, read: readonly Credential[]): void => {
  if (read.length === 0) return;
  if (holds(JSON.stringify(result) ?? "", spellingsIn(read)))
    throw new PlatformError(
      "RESULT_NOT_SERIALISABLE",
      `${what} holds a credential, which is not to be recorded; return what was got with it instead`,
    );
};

/** The same error with secrets blanked in its message; details and violations that hold one are left out. */
export const withoutSecrets = (error: PlatformError, read: readonly Credential[]): PlatformError => {
  if (read.length === 0) return error;
  const spellings = spellingsIn(read);
  if (!holds(JSON.stringify(error.toJSON()), spellings)) return error;
  const { code, message, retryable, retryAfterMs } = error;
  return new PlatformError(code, blanked(message, spellings), { retryable, retryAfterMs });
};

type Span = readonly [from: number, to: number];

const blanked = (text: string, { literal, unescaped }: Spellings): string => {
  const { plain, undone } = undoEscapes(text);
  const placeOf = (place: number): number => place + 2 * countBelow(undone, place);
  const spans = [
    ...literal.flatMap((form) => spansOf(text, form)),
    ...unescaped.flatMap((form) => spansOf(plain, form)).map(([from, to]): Span => [placeOf(from), placeOf(to)]),
  ].toSorted(([one], [other]) => one - other);
  let [result, end] = ["", 0];
  for (const [from, to] of spans) {
    // One may be a part of another.
    if (from >= end) result += `${text.slice(end, from)}[credential]`;
    end = Math.max(end, to);
  }
  return result + text.slice(end);
};

/** Of numbers in order. An agent may answer with as many escapes as it likes. */
const countBelow = (numbers: readonly number[], limit: number): number => {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
};

const spansOf = (text: string, form: string): Span[] => {
  const spans: Span[] = [];
  for (let from = text.indexOf(form); from >= 0; from = text.indexOf(form, from + form.length))
    spans.push([from, from + form.length]);
  return spans;
};

const inJson = (secret: string): string => JSON.stringify(secret).slice(1, -1);

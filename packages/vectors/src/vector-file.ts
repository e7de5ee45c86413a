/**
 * A file of word vectors, little-endian: the letters ACWV, version, number of words, number of dimensions and bytes of text as 32-bit numbers; the words,
 * a line each; a byte a word that says how much it tells (255: most); and a byte a number, row after row. A row is scaled to its own largest number, since
 * only its direction counts.
 */
import { PlatformError } from "@agentcore/contract";
import type { WordVectors } from "@agentcore/core/ports";

const HEADER_BYTES = 20;
const VERSION = 1;

/** Words in lower case, the most usual first; vectors of any length, all of as many numbers. */
export const writeVectorFile = (
  words: readonly { readonly word: string; readonly weight: number; readonly vector: ArrayLike<number> }[],
): Uint8Array => {
  const dimensions = words[0]?.vector.length ?? 0;
  const text = new TextEncoder().encode(words.map(({ word }) => word).join("\n"));
  const bytes = new Uint8Array(HEADER_BYTES + text.length + words.length * (1 + dimensions));
  bytes.set(new TextEncoder().encode("ACWV"));
  const header = new DataView(bytes.buffer);
  for (const [at, value] of [VERSION, words.length, dimensions, text.length].entries())
    header.setUint32(4 + 4 * at, value, true);
  bytes.set(text, HEADER_BYTES);
  const weights = HEADER_BYTES + text.length;
  const rows = new Int8Array(bytes.buffer, weights + words.length);
  for (const [index, { weight, vector }] of words.entries()) {
    bytes[weights + index] = Math.round(weight * 255);
    let largest = 0;
    for (let at = 0; at < dimensions; at += 1) largest = Math.max(largest, Math.abs(vector[at] ?? 0));
    for (let at = 0; at < dimensions; at += 1)
      rows[index * dimensions + at] = Math.round(((vector[at] ?? 0) / (largest || 1)) * 127);
  }
  return bytes;
};

/** Throws INVALID_ARGUMENT for what is no such file. */
export const readVectorFile = (bytes: Uint8Array, name: string): WordVectors => {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numberAt = (at: number): number => (bytes.length < HEADER_BYTES ? 0 : header.getUint32(4 + 4 * at, true));
  const [version, count, dimensions, textBytes] = [numberAt(0), numberAt(1), numberAt(2), numberAt(3)];
  const isOne = bytes.length >= HEADER_BYTES && new TextDecoder().decode(bytes.subarray(0, 4)) === "ACWV";
  if (!isOne || version !== VERSION || bytes.length !== HEADER_BYTES + textBytes + count * (1 + dimensions))
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `${name} is no file of word vectors of version ${VERSION}, or not a whole one`,
    );
  const weights = bytes.subarray(HEADER_BYTES + textBytes, HEADER_BYTES + textBytes + count);
  const rows = new Int8Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES + textBytes + count, count * dimensions);
  const places = new Map<string, number>();
  const text = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + textBytes));
  for (const [index, word] of text.split("\n").entries()) places.set(word, index);
  const placeOf = (word: string): number | undefined => {
    const place = places.get(word);
    if (place !== undefined) return place;
    for (const form of baseForms(word)) {
      const other = places.get(form);
      if (other !== undefined) return other;
    }
    return undefined;
  };
  return {
    name,
    dimensions,
    vectorOf(word) {
      const place = placeOf(word);
      if (place === undefined) return undefined;
      const row = Float32Array.from(rows.subarray(place * dimensions, (place + 1) * dimensions));
      let squares = 0;
      for (const value of row) squares += value * value;
      const length = Math.sqrt(squares) || 1;
      for (const [at, value] of row.entries()) row[at] = value / length;
      return row;
    },
    weightOf(word) {
      const place = placeOf(word);
      return place === undefined ? 1 : (weights[place] ?? 0) / 255;
    },
  };
};

// As WordNet takes endings off, longest first. The training does the same, so that most words are there in their base form alone.
const ENDINGS: readonly (readonly [string, string])[] = [
  ...([
    ["ies", "y"],
    ["ches", "ch"],
    ["shes", "sh"],
    ["ses", "s"],
    ["xes", "x"],
    ["zes", "z"],
    ["men", "man"],
  ] as const),
  ...([
    ["ing", "e"],
    ["ing", ""],
    ["est", "e"],
    ["est", ""],
    ["ed", "e"],
    ["ed", ""],
    ["es", "e"],
    ["es", ""],
  ] as const),
  ...([
    ["er", "e"],
    ["er", ""],
    ["s", ""],
  ] as const),
];

/** What an English word may be a form of. */
export function* baseForms(word: string): Generator<string> {
  if (word.length < 4) return;
  for (const [ending, by] of ENDINGS) {
    if (!word.endsWith(ending)) continue;
    const stem = word.slice(0, -ending.length) + by;
    if (stem.length > 1) yield stem;
    if (/(.)\1$/.test(stem)) yield stem.slice(0, -1);
  }
  // American and British spelling.
  if (/is(?:e|ed|er|ing|ation)s?$/.test(word)) yield* zForm(word);
}

function* zForm(word: string): Generator<string> {
  const other = word.replace(/is(e|ed|er|ing|ation)(s?)$/, "iz$1$2");
  yield other;
  yield* baseForms(other);
}

/**
 * How many tokens a model reads, before anybody has asked its tokenizer: an estimate that is rather too high, for windows. Money is held by bytes, which no
 * tokenizer passes; by those three quarters of a window would stay empty.
 */
import type { ModelMessage, Tool } from "./authoring/index.ts";

// What providers put around the text: roles and separators (OpenAI: 3 to 5 tokens a message), and the wrapping of a tool.
export const TOKENS_PER_MESSAGE = 16;
export const TOKENS_PER_TOOL = 64;

// A run of letters that long is no word, and one of letters and digits that long is a part of a key, a hash or a blob.
const LONGEST_WORD = 32;
const LONGEST_MIXED = 4;
const ALPHANUMERIC = /[a-z0-9]+/giu;
const VOWEL = /[aeiouy]/iu;
const DIGITS = /[0-9]/gu;

/** Rather too many, measured against tokenizers in use: a half more of English and JSON, twice as many of code and of most scripts (docs/memory.md). */
export const tokenEstimate = (text: string): number => {
  let tokens = 0;
  let end = 0;
  for (const { 0: run, index } of text.matchAll(ALPHANUMERIC)) {
    tokens += signTokens(text, end, index) + runTokens(run);
    end = index + run.length;
  }
  return Math.ceil(tokens + signTokens(text, end, text.length));
};

const runTokens = (run: string): number => {
  const digits = run.match(DIGITS)?.length ?? 0;
  const letters = run.length - digits;
  if (letters === 0 || (digits > 0 && run.length > LONGEST_MIXED) || letters > LONGEST_WORD) return run.length;
  // What nobody pronounces is no word either.
  return digits + (letters > 3 && !VOWEL.test(run) ? letters : Math.ceil(letters / 3));
};

/** Of all that is no letter or digit of ASCII. */
const signTokens = (text: string, start: number, end: number): number => {
  let tokens = 0;
  let spaces = 0;
  for (let index = start; index < end; index++) {
    const unit = text.charCodeAt(index);
    spaces = unit === 0x20 ? spaces + 1 : 0;
    // The last space belongs to the word after it, and of many two are one.
    if (unit === 0x20) tokens += spaces % 2 === 0 ? 1 : 0;
    else tokens += unit < 0x80 ? 1 : unit < 0x800 ? 1.25 : isCommon(unit) ? 2 : 3;
  }
  return tokens;
};

/** Of scripts that tokenizers know well, and halves of pairs: two units are four bytes. */
const isCommon = (unit: number): boolean =>
  (unit >= 0x3000 && unit < 0xa000) ||
  (unit >= 0xac00 && unit < 0xe000) ||
  (unit >= 0x0e00 && unit < 0x0e80) ||
  (unit >= 0x0900 && unit < 0x0980) ||
  (unit >= 0x2000 && unit < 0x2070) ||
  unit >= 0xff00;

/** Of one message, with what a provider puts around it. */
export const messageTokens = (
  { content, toolCalls = [], toolCallId, toolName }: ModelMessage,
  tokensOf: (text: string) => number = tokenEstimate,
): number => {
  let tokens = TOKENS_PER_MESSAGE * (1 + toolCalls.length) + tokensOf(content);
  for (const text of [toolCallId, toolName]) if (text !== undefined) tokens += tokensOf(text);
  for (const { id, name, input } of toolCalls) tokens += tokensOf(id) + tokensOf(name) + tokensOf(asText(input));
  return tokens;
};

/** Of a tool that a model may call. */
export const toolTokens = (
  { name, description, inputJsonSchema }: Pick<Tool, "name" | "description" | "inputJsonSchema">,
  tokensOf: (text: string) => number = tokenEstimate,
): number => TOKENS_PER_TOOL + tokensOf(name) + tokensOf(description) + tokensOf(asText(inputJsonSchema));

const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

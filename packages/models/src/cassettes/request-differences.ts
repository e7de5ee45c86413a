/** In what two requests differ, as people read it. */
import { canonicalJson } from "@agentcore/core/payloads";
import type { RecordedRequest } from "./recorded-request.ts";

export interface RequestDifference {
  /** As `messages[1].content`; of a message also whose it is. */
  readonly path: string;
  /** Undefined where there is nothing. */
  readonly recorded: string | undefined;
  readonly asked: string | undefined;
}

// Of words that are the same on both sides, so many are shown before and after those that differ; and of those that differ.
const CONTEXT_WORDS = 5;
const MAX_WORDS = 24;
const MAX_TEXT = 240;

/** In the order of the members. */
export const differencesOf = (recorded: RecordedRequest, asked: RecordedRequest): readonly RequestDifference[] => {
  const found: RequestDifference[] = [];
  compare("", recorded, asked, found);
  return found;
};

const compare = (path: string, recorded: unknown, asked: unknown, found: RequestDifference[]): void => {
  if (recorded === asked) return;
  if (typeof recorded === "string" && typeof asked === "string") return void found.push(wordsOf(path, recorded, asked));
  if (Array.isArray(recorded) && Array.isArray(asked)) return compareLists(path, recorded, asked, found);
  if (isObject(recorded) && isObject(asked)) {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(asked)]))
      compare(path === "" ? name : `${path}.${name}`, recorded[name], asked[name], found);
    return;
  }
  found.push({ path, recorded: shown(recorded), asked: shown(asked) });
};

/** What both begin and end with is the same; between, item is compared with item as far as there are both. */
const compareLists = (
  path: string,
  recorded: readonly unknown[],
  asked: readonly unknown[],
  found: RequestDifference[],
): void => {
  const { from, recordedTo, askedTo } = middleOf(recorded, asked, isSame);
  for (let index = from; index < Math.max(recordedTo, askedTo); index += 1) {
    const before = index < recordedTo ? recorded[index] : undefined;
    const now = index < askedTo ? asked[index] : undefined;
    const place = `${path}[${index}]${roleOf(now ?? before)}`;
    if (!isSame(before, now)) compare(place, before, now, found);
  }
};

const roleOf = (item: unknown): string =>
  isObject(item) && typeof item["role"] === "string" && "content" in item ? ` (${item["role"]})` : "";

const wordsOf = (path: string, recorded: string, asked: string): RequestDifference => {
  const before = recorded.split(/(?<=\s)/);
  const now = asked.split(/(?<=\s)/);
  const { from, recordedTo, askedTo } = middleOf(before, now, (a, b) => a === b);
  const cut = (words: readonly string[], to: number): string => {
    const start = Math.max(0, from - CONTEXT_WORDS);
    const end = Math.min(words.length, to + CONTEXT_WORDS);
    const changed = words.slice(from, to);
    const middle = (changed.length > MAX_WORDS ? [...changed.slice(0, MAX_WORDS), "… "] : changed).join("");
    const marked = `[${middle.trimEnd()}]${middle.slice(middle.trimEnd().length)}`;
    const text = [...words.slice(start, from), marked, ...words.slice(to, end)].join("");
    return `${start > 0 ? "… " : ""}${bounded(text)}${end < words.length ? " …" : ""}`;
  };
  return { path, recorded: cut(before, recordedTo), asked: cut(now, askedTo) };
};

const middleOf = <T>(
  recorded: readonly T[],
  asked: readonly T[],
  same: (a: T, b: T) => boolean,
): { readonly from: number; readonly recordedTo: number; readonly askedTo: number } => {
  const shorter = Math.min(recorded.length, asked.length);
  let from = 0;
  while (from < shorter && same(recorded[from] as T, asked[from] as T)) from += 1;
  let end = 0;
  while (end < shorter - from && same(recorded.at(-1 - end) as T, asked.at(-1 - end) as T)) end += 1;
  return { from, recordedTo: recorded.length - end, askedTo: asked.length - end };
};

const isSame = (a: unknown, b: unknown): boolean => a === b || canonicalJson(a) === canonicalJson(b);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown): string | undefined =>
  value === undefined ? undefined : bounded(JSON.stringify(value));

const bounded = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT).toWellFormed()}…` : line;
};

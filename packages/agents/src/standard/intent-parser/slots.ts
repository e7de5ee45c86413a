/** What an intent is told beside its name: which order, how much, until when. */
import { z } from "zod";
import { normalText } from "../../guardrails/normal-text.ts";
import { type Word, wordsOf } from "./words.ts";

const Name = z.string().regex(/^[a-z][A-Za-z0-9_]{0,63}$/, { error: "expected a name of letters, digits and _" });
const Choice = z.string().min(1).max(100);

export const SlotSpec = z.strictObject({
  /** text: one word or more; word: one; number, date (2026-01-31), email; choice: one of `values`. */
  type: z.enum(["text", "word", "number", "date", "email", "choice"]).default("text"),
  /** Of a choice: what each may also be called. */
  values: z.union([z.array(Choice).min(1).max(200), z.record(Choice, z.array(Choice).max(50))]).optional(),
  /** Without it the intent is not complete. */
  required: z.boolean().default(true),
  description: z.string().max(500).optional(),
});
export type SlotSpec = z.output<typeof SlotSpec>;

export const SlotSpecs = z
  .record(Name, SlotSpec)
  .superRefine((slots, context) => {
    for (const [name, { type, values }] of Object.entries(slots))
      if ((type === "choice") !== (values !== undefined))
        context.addIssue({
          code: "custom",
          path: [name, "values"],
          message: type === "choice" ? "expected what may be chosen" : "says nothing of a slot that is no choice",
        });
  })
  .default({});

export type SlotValue = string | number;

/** How many words from `at` on are a value of it, each way that there is; text and word are left to the pattern. */
export const valuesAt = (
  { type, values }: SlotSpec,
  words: readonly Word[],
  at: number,
): readonly { readonly value: SlotValue; readonly length: number }[] => {
  const word = words[at];
  if (word === undefined) return [];
  if (type === "choice")
    return choicesOf(values).flatMap(({ value, names }) =>
      names.flatMap((name) => {
        const isThere = name.every((part, index) => words[at + index]?.normal === part);
        return isThere && name.length > 0 ? [{ value, length: name.length }] : [];
      }),
    );
  const value = readValue(type, word.text);
  return value === null ? [] : [{ value, length: 1 }];
};

const kept = new WeakMap<
  object,
  readonly { readonly value: string; readonly names: readonly (readonly string[])[] }[]
>();

const choicesOf = (values: SlotSpec["values"] = []) => {
  const known = kept.get(values);
  if (known !== undefined) return known;
  const entries: readonly (readonly [string, readonly string[]])[] = Array.isArray(values)
    ? values.map((value) => [value, []] as const)
    : Object.entries(values);
  const made = entries.map(([value, others]) => ({
    value,
    names: [value, ...others].map((name) => wordsOf(name).map(({ normal }) => normal)),
  }));
  kept.set(values, made);
  return made;
};

const EMAIL = /^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,250}\.[^\s@<>,;.]{2,63}$/;
const NUMBER = /^[$€£#+]?(-?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?%?$/;

/** Null for a text that is no value of that type. */
export const readValue = (type: Exclude<SlotSpec["type"], "choice">, text: string): SlotValue | null => {
  switch (type) {
    case "text":
    case "word":
      return text;
    case "email":
      return EMAIL.test(text) ? text : null;
    case "date":
      return isDay(text) ? text : null;
    case "number": {
      const [, sign, whole, part = ""] = NUMBER.exec(text.replace(/^-([$€£])/, "$1-")) ?? [];
      const value = whole === undefined ? Number.NaN : Number(`${sign}${whole.replaceAll(",", "")}${part}`);
      return Number.isFinite(value) ? value : null;
    }
  }
};

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isDay = (text: string): boolean => {
  const [, year, month, day] = (DAY.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day >= 1 && day <= (month === 2 && !isLeap ? 28 : (DAYS[month - 1] ?? 0));
};

/** What somebody else, a model, says that a slot is: as a value of its type, when the text bears it out. */
export const checkedValue = (spec: SlotSpec, given: unknown, text: string): SlotValue | null => {
  if (typeof given !== "string" && typeof given !== "number") return null;
  const said = wordsOf(text);
  if (spec.type === "choice") {
    const wanted = normalText(String(given));
    const choice = choicesOf(spec.values).find(({ value }) => normalText(value) === wanted);
    return choice?.value ?? null;
  }
  if (spec.type === "text" || spec.type === "word") {
    // Whole words: A-7 does not stand in A-77.
    const words = wordsOf(String(given));
    const isSaid = said.some((_, at) => words.every(({ normal }, index) => said[at + index]?.normal === normal));
    return words.length > 0 && isSaid ? String(given).trim() : null;
  }
  const { type } = spec;
  const value = readValue(type, String(given));
  return said.some((word) => value !== null && readValue(type, word.text) === value) ? value : null;
};

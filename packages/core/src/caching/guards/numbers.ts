import { type Word, wordsOf } from "./words.ts";

export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{
      zero: 0,
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
    },
    ...{ thirteen: 13, fourteen: 14, fifteen: 15, sixteen: 16, seventeen: 17, eighteen: 18, nineteen: 19, twenty: 20 },
    ...{ thirty: 30, forty: 40, fifty: 50, sixty: 60, seventy: 70, eighty: 80, ninety: 90, half: 0.5, halve: 0.5 },
    ...{ second: 2, third: 3, fourth: 4, fifth: 5, sixth: 6, seventh: 7, eighth: 8, ninth: 9, tenth: 10 },
    ...{ twice: 2, double: 2, thrice: 3, triple: 3, quarter: 0.25, dozen: 12 },
  }),
);
const MULTIPLIERS: ReadonlyMap<string, number> = new Map([
  ...([
    ["hundred", 100],
    ["thousand", 1_000],
    ["k", 1_000],
    ["million", 1_000_000],
    ["billion", 1_000_000_000],
  ] as const),
]);
const TENS = 20;
// `a quarter` of a year, `per second`: a time, not a number.
const TIME_WORDS: ReadonlySet<string> = new Set(["second", "quarter"]);
const NUMERAL = /^\d+(?:,\d{3})*(?:\.\d+)?$/;

/** The numbers of a text, in digits and in English words, in their order and as one writes them: `10,000` and `ten thousand` are both `10000`. */
export const numbersIn = (text: string): readonly string[] => numbersOf(wordsOf(text));

export const numbersOf = (words: readonly Word[]): readonly string[] => {
  const numbers: string[] = [];
  let current: number | null = null;
  const end = (): void => {
    if (current !== null) numbers.push(String(current));
    current = null;
  };
  for (const [index, { lower, stem }] of words.entries()) {
    const multiplier = MULTIPLIERS.get(lower) ?? MULTIPLIERS.get(stem);
    const isOne: boolean = lower === "one" && MULTIPLIERS.has(words[index + 1]?.lower ?? "");
    const value: number | undefined = isOne ? 1 : isTime(words, index) ? undefined : NUMBER_WORDS.get(lower);
    if (multiplier !== undefined) {
      // "thousands of dollars" has no number before it.
      current = (current ?? 1) * multiplier;
    } else if (value !== undefined) {
      const continues: boolean =
        current !== null && ((current >= TENS && current < 100 && value < 10) || current >= 100);
      if (continues) current = (current ?? 0) + value;
      else {
        end();
        current = value;
      }
    } else if (NUMERAL.test(lower)) {
      end();
      current = Number(lower.replaceAll(",", ""));
      // More digits than a number holds, or zeros in front: it names something.
      if (/^0\d/.test(lower) || lower.replace(/\D/g, "").length > 15) {
        numbers.push(lower);
        current = null;
      }
    } else {
      end();
      if (/^\d+(?:[.:/-]\d+)+$/.test(lower)) numbers.push(lower);
    }
  }
  end();
  return numbers;
};

const isTime = (words: readonly Word[], index: number): boolean => {
  const word = words[index]?.lower ?? "";
  if (!TIME_WORDS.has(word)) return false;
  const before = words[index - 1]?.lower ?? "";
  return word === "quarter" || ["per", "a", "every", "each"].includes(before);
};

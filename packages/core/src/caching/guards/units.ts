import type { Word } from "./words.ts";

// One line for each unit: what it is called. Times as measures (`per month`) stand in times.ts.
const UNITS = `
km kilometre kilometer kilometres kilometers
m metre meter metres meters
cm centimetre centimeter centimetres centimeters
mm millimetre millimeter millimetres millimeters
mile miles
foot feet ft
inch inches
yard yards
kg kilo kilos kilogram kilograms
g gram grams gramme
mg milligram milligrams
tonne tonnes ton tons
pound pounds lb lbs gbp £ sterling
ounce ounces oz
l litre liter litres liters
ml millilitre milliliter millilitres milliliters
gallon gallons
pint pints
cup cups
kb kilobyte kilobytes
mb megabyte megabytes
gb gigabyte gigabytes
tb terabyte terabytes
megabit megabits
byte bytes
ms millisecond milliseconds
kwh kilowatt
mw megawatt megawatts
hectare hectares ha
acre acres
euro euros eur €
dollar dollars usd $
cent cents
franc francs chf
krona kronor krone sek nok
yen jpy ¥
% percent percentage
celsius centigrade
fahrenheit
kelvin
degree degrees °
newton newtons
`;

const UNIT_OF: ReadonlyMap<string, string> = new Map(
  UNITS.trim()
    .split("\n")
    .flatMap((line) => {
      const names = line.split(" ");
      return names.map((name) => [name, names[0] ?? name] as const);
    }),
);
/** Measures only after `per`, `each`, `in` or a number; else things that are asked about. */
const ALSO_THINGS: ReadonlySet<string> = new Set([
  "byte",
  "cup",
  "cups",
  "foot",
  "degree",
  "degrees",
  "m",
  "l",
  "g",
  "yard",
  "pound",
]);
const BEFORE_A_MEASURE = /^(?:per|each|every|in|by|\d.*|for)$/;

const unitOf = (word: Word): string | undefined => UNIT_OF.get(word.lower) ?? UNIT_OF.get(word.stem);

export const isUnit = (word: Word): boolean => {
  const unit = unitOf(word);
  return unit !== undefined && !ALSO_THINGS.has(word.lower);
};

/** In the order of the text, as a conversion has a direction. */
export const unitsOf = (words: readonly Word[]): readonly string[] =>
  words.flatMap((word, index) => {
    const unit = unitOf(word);
    if (unit === undefined) return [];
    return ALSO_THINGS.has(word.lower) && !BEFORE_A_MEASURE.test(words[index - 1]?.lower ?? "") ? [] : [unit];
  });

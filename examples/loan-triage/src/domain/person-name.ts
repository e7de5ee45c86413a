const titles = /^(?:mr|mrs|ms|miss|mx|dr|prof|herr|frau)\b\.?\s+/i;

/** `HALVORSEN, Ingrid` and `Ms Ingrid  Halvorsen` become `Ingrid Halvorsen`; capitals are calmed only if nothing else is there. */
export function normaliseName(text: string): string | undefined {
  let name = text
    .normalize("NFC")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.;,]+$/, "");
  const inverted = /^([^,]+),\s*([^,]+)$/.exec(name);
  if (inverted) name = `${inverted[2]} ${inverted[1]}`;
  name = name.replace(titles, "").trim();
  if (!/\p{L}{2}/u.test(name) || /\d/.test(name) || name.length > 100) return undefined;
  return name
    .split(" ")
    .map((word) => (word.length > 2 && word === word.toUpperCase() && /\p{L}{2}/u.test(word) ? calm(word) : word))
    .join(" ");
}

function calm(word: string): string {
  return word
    .toLowerCase()
    .replace(/(^|[-'’])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
}

/** Case, accents and punctuation removed: for comparing, never for showing. */
export function foldName(name: string): string {
  return name
    .toLowerCase()
    .replace(/ø/g, "o")
    .replace(/ß/g, "ss")
    .replace(/æ/g, "ae")
    .replace(/ł/g, "l")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/['’]/g, "")
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

/** True also when one of the two abbreviates given names: `I. Halvorsen` is `Ingrid Halvorsen`. */
export function sameName(left: string, right: string): boolean {
  const a = foldName(left).split(" ");
  const b = foldName(right).split(" ");
  if (a.join(" ") === b.join(" ") || [...a].sort().join(" ") === [...b].sort().join(" ")) return true;
  if (a.at(-1) !== b.at(-1)) return false;
  const [first = "", other = ""] = [a[0], b[0]];
  return first === other || ((first.length === 1 || other.length === 1) && first[0] === other[0]);
}

/**
 * As it reads, not as it is written: compatible letters are one (full-width, mathematical), what cannot be seen is gone (zero-width, direction marks, tags,
 * soft hyphens), and so is the case. Letters of other scripts that look alike stay what they are.
 */
export const normalText = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase();

/** Whether the whole of `part` stands in `text`, and not as a piece of something longer. Both are normal. */
export const standsIn = (text: string, part: string): boolean => standsSo(text, part, goesOn);

/** The same of a host, behind which a path may stand. */
export const hostStandsIn = (text: string, host: string): boolean =>
  standsSo(text, host, (_, at) => !/[/?#]/.test(text[at] ?? "") && goesOn(text, at));

const standsSo = (text: string, part: string, isLonger: (text: string, at: number) => boolean): boolean => {
  if (part === "") return false;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1))
    if (!isJoined(text[at - 1]) && !isLonger(text, at + part.length)) return true;
  return false;
};

const isJoined = (letter: string | undefined): boolean =>
  letter !== undefined && /[\p{L}\p{N}_@./\\~%+-]/u.test(letter);

/** A full stop ends a sentence, unless something follows it. */
const goesOn = (text: string, at: number): boolean => {
  const letter = text[at];
  if (letter === "." || letter === ":") return /[\p{L}\p{N}/\\_]/u.test(text[at + 1] ?? " ");
  return letter !== undefined && /[\p{L}\p{N}_@/\\%?#=&+-]/u.test(letter);
};

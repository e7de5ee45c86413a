/**
 * Patterns of paths that a model may write: `*` any characters of a name, `?` one of them, `**` any number of folders; all else stands for itself. A pattern without "/" is
 * held against the name alone. Time is at most the product of both lengths, whatever the pattern: Node's own `matchesGlob` makes regular expressions.
 */
export const matchesPattern = (pattern: string, path: string): boolean => {
  const names = path.split("/");
  if (!pattern.includes("/")) return matchesName(pattern, names.at(-1) ?? "");
  return matches(
    pattern.split("/").filter((part) => part !== "" && part !== "."),
    names,
    (part) => part === "**",
    matchesName,
  );
};

const matchesName = (pattern: string, name: string): boolean =>
  matches(
    Array.from(pattern),
    Array.from(name),
    (sign) => sign === "*",
    (sign, character) => sign === "?" || sign === character,
  );

/** Whether `items` are what `parts` say, where a star stands for any number of them. Only the last star has to give way: what is before it has fitted. */
const matches = (
  parts: readonly string[],
  items: readonly string[],
  isStar: (part: string) => boolean,
  fits: (part: string, item: string) => boolean,
): boolean => {
  let part = 0;
  let item = 0;
  let star = -1;
  let taken = 0;
  while (item < items.length) {
    const wanted = parts[part];
    if (wanted !== undefined && isStar(wanted)) {
      star = part;
      taken = item;
      part += 1;
    } else if (wanted !== undefined && fits(wanted, items[item] ?? "")) {
      part += 1;
      item += 1;
    } else if (star >= 0) {
      part = star + 1;
      taken += 1;
      item = taken;
    } else return false;
  }
  return parts.slice(part).every(isStar);
};

import type { Word } from "./words.ts";

const NEGATORS: ReadonlySet<string> = new Set(
  (
    "not no none never cannot without neither nor nobody nothing nowhere lack lacks lacking fail fails failed impossible " +
    "forbidden prohibited banned barred avoid except excluding excluded exclude unless hardly rarely exempt"
  ).split(" "),
);
const PREFIX = /^(?:un|non-?|in|im|ir|il|dis|de|mis)(?=\p{L}{3})/u;
/** Begin like a negation and are none. */
const NO_PREFIX: ReadonlySet<string> = new Set(
  "under until unit units union unite unique invoice invoices interest into index input install in-stock include includes increase interview insurance important import deliver delivery describe delete display discount discuss district distance".split(
    " ",
  ),
);

export const negationsOf = (words: readonly Word[]): number =>
  words.filter(({ lower }, index) => NEGATORS.has(lower) && !(lower === "no" && words[index + 1]?.lower === "longer"))
    .length + (words.some(({ lower }) => lower === "no") && words.some(({ lower }) => lower === "longer") ? 1 : 0);

/** `signed` in the one, `unsigned` in the other. */
export const hasNegatedWord = (words: readonly Word[], others: readonly Word[]): boolean => {
  const stems = new Set(others.map(({ stem }) => stem));
  return words.some(({ lower, stem }) => {
    if (NO_PREFIX.has(lower) || stems.has(stem)) return false;
    const bare = stem.replace(PREFIX, "");
    return bare !== stem && stems.has(bare.replace(/^-/, ""));
  });
};

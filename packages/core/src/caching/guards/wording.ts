import { askForDifferentKinds } from "./question-kind.ts";
import { isFunctionWord, type Word } from "./words.ts";

/** Words of which either stands for the other in nearly any question. */
const SYNONYMS = `
email mail e-mail
photo picture image
cost price charge fee
begin start
finish end complete
buy purchase
delete remove
fix repair mend
help assist
show display list
big large
quick fast
client customer
company firm business
staff employee worker
holiday vacation leave
phone telephone call
car vehicle
bike bicycle
shop store
film movie
parcel package
bill invoice
supplier vendor
doctor physician
change alter modify update
set configure
create make
select choose pick
ask request
flat apartment
`;
const SYNONYM_OF: ReadonlyMap<string, string> = new Map(
  SYNONYMS.trim()
    .split("\n")
    .flatMap((line) => line.split(" ").map((word) => [word, line] as const)),
);
const senseOf = ({ lower, stem }: Word): string => SYNONYM_OF.get(lower) ?? SYNONYM_OF.get(stem) ?? stem;

/** From this share of common words in one order on, two texts are one frame with something put in its place. */
const SAME_FRAME = 0.55;

/** Words that both have, in one order. */
const commonLength = (left: readonly string[], right: readonly string[]): number => {
  let row = Array.from({ length: right.length + 1 }, () => 0);
  for (const word of left) {
    const next = [0];
    for (const [index, other] of right.entries())
      next.push(word === other ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
};

/**
 * Whether what is different between two texts stands where the meaning is: the frame of the one with another word in it (`change my email`, `change my
 * address`), the same words in another order (`from A to B`, `from B to A`), only another question word, or no word of the subject at all. Two questions
 * that share their subject and are worded differently otherwise pass.
 */
export const differWhereItMatters = (left: Side, right: Side): boolean => {
  const [one = [], other = []] = [left, right].map(({ words }) =>
    words.filter((word) => !isFunctionWord(word)).map(senseOf),
  );
  const hasSameWords = one.every((word) => other.includes(word)) && other.every((word) => one.includes(word));
  if (hasSameWords)
    return (
      commonLength(one, other) < Math.max(one.length, other.length) || askForDifferentKinds(left.text, right.text, true)
    );
  // Without one word of the subject in common there is nothing to judge by.
  if (!one.some((word) => other.includes(word))) return true;
  const [all = [], allOther = []] = [left, right].map(({ words }) => words.map(senseOf));
  return (2 * commonLength(all, allOther)) / (all.length + allOther.length) >= SAME_FRAME;
};

interface Side {
  readonly text: string;
  readonly words: readonly Word[];
}

import { stemOf, type Word } from "./words.ts";

// Each line two poles of one scale. A text that has the one does not mean the other.
const SCALES = `
increase increased rise rising raise grow growing grew growth gain gained jump up higher | decrease decreased fall falling drop reduce decline lose lost down lower shrink cut
more most larger largest bigger biggest highest max maximum upper above exceed exceeds longest longer oldest greatest top heavier | fewer less least smaller smallest lowest min minimum below under shortest shorter youngest bottom lighter
before prior ahead beforehand advance until | after afterwards since following behind
earliest early earlier first | latest late later last
open opened opens opening unlock | close closed closes closing shut lock
start starts begin begins launch commence | stop stops end ends finish finished cease
enable enabled activate active switched-on | disable disabled deactivate inactive switched-off
connect attach link mount | disconnect detach unlink unmount
add added include included insert join | remove removed delete deleted exclude excluded leave
accept accepted approve approved allow allowed grant permit confirmed | reject rejected decline declined deny denied refuse refused revoke forbid forbidden prohibited
buy bought purchase purchased buyer | sell sold sale seller
send sent export upload push outbound outgoing | receive received import download pull inbound incoming
arrive arrives arrival reach land | depart departs departure leave leaves
import importing inbound incoming | export exporting outbound outgoing
inside indoors inner internal | outside outdoors outer external
new newest newer latest | old oldest older earliest
win won | lose lost
pass passed succeed successful | fail failed failing
profit surplus asset credit creditors | loss deficit liability debit debtors
cheap cheapest cheaper | expensive dearest costliest
fast faster fastest quick quickest quicker | slow slower slowest
near nearest closest nearby | far furthest farthest
hot warm warmer warmest heat | cold cool cooler coldest
wet | dry
left | right
north northern northwards | south southern southwards
east eastern | west western
good better best pros advantage advantages benefit benefits | bad worse worst cons disadvantage disadvantages drawbacks
strong stronger strongest | weak weaker weakest
public shared | private secret
full crowded busy | empty deserted quiet
present attended | absent missing
positive | negative
safe secure | dangerous unsafe poisonous insecure
edible | poisonous
required mandatory compulsory necessary obligatory | optional voluntary unnecessary
upgrade promote | downgrade demote
show visible reveal unhide see | hide hidden conceal
since | until
import load | export unload
encode encrypt | decode decrypt
employer landlord lessor | employee tenant lessee
parent | child subsidiary
advance beforehand | afterwards arrears
gross | net
fixed constant | variable floating
online | offline
inpatient admit admitted | outpatient discharge discharged
ascending | descending
sweet | sour
rights | duties
subscribe | unsubscribe
thick thicker | thin thinner
long longer longest lengthen | short shorter shortest shorten
high highest tall | low lowest
attack criticise criticize against | defend praise favour support
tighten fasten | loosen
love like | hate dislike
lend lent loan | borrow borrowed
teach teaches | learn learns
hire hired | fire fired dismiss dismissed
lease rent | buy purchase
merge combine | split separate
synonym | antonym
synchronous | asynchronous
full-time full | part-time part
done finished completed | open outstanding pending
mute silence | unmute
block | unblock
`;

const POLES: ReadonlyMap<string, ReadonlyMap<number, 1 | -1>> = (() => {
  const poles = new Map<string, Map<number, 1 | -1>>();
  for (const [scale, line] of SCALES.trim().split("\n").entries()) {
    const [one = "", other = ""] = line.split(" | ");
    for (const [side, pole] of [
      [one, 1],
      [other, -1],
    ] as const)
      for (const word of side.trim().split(" "))
        for (const form of new Set([word, stemOf(word)])) {
          const known = poles.get(form) ?? new Map<number, 1 | -1>();
          known.set(scale, pole);
          poles.set(form, known);
        }
  }
  return poles;
})();

/** Small words mean one of two poles only beside others: "turn on", "from 2024 on", "up to 2024". */
const phraseAt = (words: readonly Word[], index: number): string => {
  const { lower = "", stem = "" } = words[index] ?? {};
  if (lower === "up" && words[index + 1]?.lower === "to") return "until";
  if (lower !== "on" && lower !== "off") return lower === "" ? stem : lower;
  if (words.some((word) => SWITCHED.has(word.stem))) return `switched-${lower}`;
  return lower === "on" && /^\d/.test(words[index - 1]?.lower ?? "") && words[index - 2]?.lower === "from"
    ? "since"
    : lower;
};

const SWITCHED: ReadonlySet<string> = new Set(["turn", "switch", "light"]);

const polesOf = (words: readonly Word[]): ReadonlyMap<number, ReadonlySet<1 | -1>> => {
  const found = new Map<number, Set<1 | -1>>();
  for (const [index, { stem }] of words.entries()) {
    const phrase = phraseAt(words, index);
    for (const [scale, pole] of POLES.get(phrase) ?? POLES.get(stem) ?? [])
      found.set(scale, (found.get(scale) ?? new Set()).add(pole));
  }
  return found;
};

/** Whether on some scale the one text has only one pole and the other only the opposite. */
export const areOpposite = (left: readonly Word[], right: readonly Word[]): boolean => {
  const [one, other] = [polesOf(left), polesOf(right)];
  for (const [scale, poles] of one) {
    const opposite = other.get(scale);
    if (opposite !== undefined && [...poles].every((pole) => !opposite.has(pole))) return true;
  }
  return false;
};

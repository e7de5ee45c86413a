import { type Detector, note, quote } from "./facts.ts";
import { escaped } from "./phrases.ts";

/** Announces a hand-over to one member and makes it to another, whom it does not name. */
export const announcedOther: Detector = (facts) => {
  const { newest, exchange } = facts;
  const { to, text, speaker } = newest;
  if (to === undefined || newest.isLong || named(to).test(text)) return null;
  const announced = exchange.members.find(({ name }) => name !== speaker && name !== to && announces(name).test(text));
  if (announced === undefined) return null;
  return note(
    facts,
    "reasoning-action-mismatch",
    `${speaker} announces ${announced.name} and hands over to ${to}: ${quote(text)}`,
  );
};

const wordOf = (name: string): string => `(?<![\\p{L}\\p{N}_-])${escaped(name)}(?![\\p{L}\\p{N}_-])`;
const named = (name: string): RegExp => new RegExp(wordOf(name), "iu");

const VERB =
  "(?:hand(?:s|ing|ed)?|pass(?:es|ing|ed)?|transfer(?:s|ring|red)?|forward(?:s|ing|ed)?|rout(?:e|es|ing|ed)|send(?:s|ing)?|escalat(?:e|es|ing|ed)|assign(?:s|ing|ed)?|delegat(?:e|es|ing|ed)|redirect(?:s|ing|ed)?|give|giving|connect(?:s|ing)?|refer(?:s|ring|red)?|turn(?:s|ing)?|bring(?:s|ing)? in|return(?:s|ing)?|übergebe|gebe|weiterleiten|leite|transmets|transfère|passe|paso|transfiero|derivo)";

const announces = (name: string): RegExp => {
  const who = `(?:the |an? |den |die |das |dem |la |le |el |al |an )?${wordOf(name)}`;
  return new RegExp(
    [
      `\\b${VERB}\\b[^.!?\\n]{0,40}\\b(?:to|an|à|a|over to|with)\\s+${who}`,
      `\\bover to ${who}`,
      `\\b(?:i will|i'll|let me|i) (?:now )?(?:ask|call|consult|involve) ${who}`,
      `@${escaped(name)}(?![\\p{L}\\p{N}_-])`,
      `(?:→|->|=>)\\s*${who}`,
      `${who} (?:takes|will take|takes over|goes on|is next|continues)\\b`,
      `\\bnext (?:is|up is|up:|:) ${who}`,
    ].join("|"),
    "iu",
  );
};

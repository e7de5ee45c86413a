import { type Detector, type Facts, note, quote } from "./facts.ts";
import { escaped } from "./phrases.ts";

/** A member does what is not its part: there is no such member, it speaks as another, or hands over to whom it may not. */
export const role: Detector = (facts) => stranger(facts) ?? handsOver(facts) ?? speaksAs(facts);

const MODE = "disobey-role-specification";

const stranger: Detector = (facts) => {
  const { newest, exchange } = facts;
  if (exchange.members.some(({ name }) => name === newest.speaker)) return null;
  return note(facts, MODE, `${JSON.stringify(newest.speaker)} is no member of the conversation`);
};

const handsOver: Detector = (facts) => {
  const { newest, exchange } = facts;
  const { to } = newest;
  if (to === undefined) return null;
  if (!exchange.members.some(({ name }) => name === to))
    return note(facts, MODE, `${newest.speaker} hands over to ${JSON.stringify(to)}, who is no member`);
  const allowed = exchange.members.find(({ name }) => name === newest.speaker)?.handsTo;
  if (allowed === undefined || allowed.includes(to)) return null;
  return note(
    facts,
    MODE,
    `${newest.speaker} hands over to ${to}; it may hand over to ${allowed.join(", ") || "nobody"}`,
  );
};

// Minutes and quotes name people at the beginning of a line too: of members alone, it is a conversation.
const LINE = /^[ \t]*(?:\*\*|\[|#+ )?([\p{L}][\p{L}\p{N}_ -]{0,40}?)(?:\*\*|\])?[:：]/gmu;

const speaksAs = (facts: Facts): ReturnType<Detector> => {
  const { newest, exchange } = facts;
  const others = exchange.members.map(({ name }) => name).filter((name) => name !== newest.speaker);
  const text = newest.text.slice(0, 4_000);
  const lines = [...text.matchAll(LINE)].map(([, name = ""]) => name.trim().toLowerCase());
  const names = new Set(exchange.members.map(({ name }) => name.toLowerCase()));
  const written = others.find((name) => lines.includes(name.toLowerCase()));
  if (written !== undefined && lines.every((name) => names.has(name)))
    return note(facts, MODE, `${newest.speaker} writes the turn of ${written}: ${quote(newest.text)}`);
  const played = others.find((name) => playing(name).test(text));
  return played === undefined
    ? null
    : note(facts, MODE, `${newest.speaker} speaks as ${played}: ${quote(newest.text)}`);
};

const playing = (name: string): RegExp => {
  const who = `(?:the )?${escaped(name)}(?![\\p{L}\\p{N}_-])`;
  const begin = "(?:^|[.!?\\n]\\s*)";
  return new RegExp(
    [
      `${begin}(?:speaking|acting|talking|writing) as ${who}`,
      `${begin}as ${who}(?: now)?,? (?:i|we)(?! )`,
      `${begin}as ${who}(?: now)?,? (?:i|we) `,
      `\\bin my (?:role|capacity|function) as ${who}`,
      `${begin}i am ${who}(?: and\\b|[,.!]|$)`,
      `${begin}i, ${who},`,
      `${begin}this is ${who}(?: speaking)?[.,!]`,
      `${begin}${who} here[,.!]`,
    ].join("|"),
    "iu",
  );
};

import type { AgentRecord } from "../registry/index.ts";
import { type Word, wordsOf } from "./words-of.ts";

/** A word counts as often as that for where it stands: what an agent is called says more than how it is described. */
const SHARE = { name: 3, skill: 2, tag: 2, example: 1, description: 1 };
// Of what an agent says of itself; a card may hold a book.
const MAX_CHARACTERS = 16_384;

export interface AgentWord extends Word {
  /** As often as it stands there, by where it stands. */
  readonly count: number;
  /** Whether it stands in a name, a skill or a tag. */
  readonly isTitle: boolean;
}

/**
 * What an agent says it can do, as prose for a model; the same for the same words. Names are words, and what is said twice stands once, which cards do much: with it
 * `local/english` put 26 % of the right agents first, without it 31 % (the half of bench/need-discovery that is tuned on).
 */
export const agentText = ({ name, description, skills }: AgentRecord): string => {
  const said = [
    spelledOut(name),
    description,
    ...skills.flatMap((skill) => [
      ...[spelledOut(skill.id), skill.name, skill.description],
      ...[...skill.tags.map(spelledOut), ...(skill.examples ?? [])],
    ]),
  ];
  const once = new Map<string, string>();
  for (const text of said) if (text !== "" && !once.has(text.toLowerCase())) once.set(text.toLowerCase(), text);
  return [...once.values()].join(". ").slice(0, MAX_CHARACTERS);
};

const spelledOut = (name: string): string => name.replace(/[-_.]+/g, " ");

/** What an agent says of itself, each word once. */
export const agentWords = ({ name, description, skills }: AgentRecord): ReadonlyMap<string, AgentWord> => {
  const words = new Map<string, AgentWord>();
  let left = MAX_CHARACTERS;
  const add = (text: string, share: number): void => {
    if (left <= 0) return;
    for (const word of wordsOf(text.slice(0, left))) {
      const known = words.get(word.stem);
      const isTitle = share > 1 || known?.isTitle === true;
      words.set(word.stem, { ...word, count: (known?.count ?? 0) + share, isTitle });
    }
    left -= text.length;
  };
  add(name, SHARE.name);
  for (const skill of skills) {
    add(skill.name === "" ? skill.id : skill.name, SHARE.skill);
    for (const tag of skill.tags) add(tag, SHARE.tag);
  }
  add(description, SHARE.description);
  for (const skill of skills) {
    add(skill.description, SHARE.description);
    for (const example of skill.examples ?? []) add(example, SHARE.example);
  }
  return words;
};

/** The words of a question about a table, and which of them are accounted for. */
import { normalText } from "../../guardrails/normal-text.ts";
import { singular } from "../singular.ts";
import { type Column, nameWords, type Table } from "./database-shape.ts";

export interface Token {
  readonly text: string;
  readonly word: string;
  readonly isQuoted: boolean;
}

// What is none of these, a sign, may turn round what the words say: it has to be accounted for, too.
const TOKEN =
  /"([^"]{1,200})"|'([^']{1,200})'|>=|<=|[<>=]|(?<![\p{L}\p{N}_])-?[$€£]?[\p{L}\p{N}_]+(?:[.,:@-][\p{L}\p{N}_]+)*|(?!!+(?:[\s?.]|$))[^\s.,;:?()]/gu;

/** They may stand anywhere, and say nothing that is not said by others. */
export const IDLE = new Set(
  "a an the of are is was were there do does did we have has i me my our us please what show give tell list all get find which that and with in for from on it per each every by whose where value amount rows records entries".split(
    " ",
  ),
);
const COMPARISONS: readonly (readonly [readonly string[], string])[] = [
  [["greater", "than"], ">"],
  [["more", "than"], ">"],
  [["less", "than"], "<"],
  [["fewer", "than"], "<"],
  [["at", "least"], ">="],
  [["at", "most"], "<="],
  [["above"], ">"],
  [["over"], ">"],
  [["below"], "<"],
  [["under"], "<"],
  [["equals"], "="],
  [["is"], "="],
  [["are"], "="],
  [["="], "="],
  [[">"], ">"],
  [["<"], "<"],
  [[">="], ">="],
  [["<="], "<="],
];

/** What keeps a question from being read. */
export class Unreadable extends Error {}

export const tokensOf = (question: string): readonly Token[] =>
  [...question.matchAll(TOKEN)].map(([text, double, single]) => {
    const quoted = double ?? single;
    return { text: quoted ?? text, word: normalText(quoted ?? text), isQuoted: quoted !== undefined };
  });

/** Its own, and those that the vocabulary has for it; as lists of words without plural. */
export const namesOf = (name: string, words: Readonly<Record<string, string>>): readonly (readonly string[])[] => [
  nameWords(name),
  ...Object.entries(words).flatMap(([word, target]) => (target === name ? [nameWords(word)] : [])),
];

const fits = (tokens: readonly Token[], at: number, name: readonly string[]): boolean =>
  name.length > 0 &&
  name.every((part, index) => {
    const token = tokens[at + index];
    return token !== undefined && !token.isQuoted && (singular(token.word) === part || token.word === part);
  });

/** Where the name stands; -1: nowhere. */
export const find = (tokens: readonly Token[], name: readonly string[], from = 0): number => {
  for (let at = from; at < tokens.length; at++) if (fits(tokens, at, name)) return at;
  return -1;
};

export class QuestionWords {
  readonly tokens: readonly Token[];
  private readonly table: Table;
  private readonly words: Readonly<Record<string, string>>;
  private readonly used = new Set<number>();

  constructor(tokens: readonly Token[], table: Table, words: Readonly<Record<string, string>>) {
    this.tokens = tokens;
    this.table = table;
    this.words = words;
    for (const name of namesOf(table.name, words)) this.take(find(tokens, name), name.length);
  }

  /** Those that nobody has taken, and that may say something. */
  get left(): readonly Token[] {
    return this.tokens.filter(({ word, isQuoted }, at) => !this.used.has(at) && (isQuoted || !IDLE.has(word)));
  }

  isUsed(at: number): boolean {
    return this.used.has(at);
  }

  take(at: number, length: number): void {
    for (let index = at; at >= 0 && index < at + length; index++) this.used.add(index);
  }

  comparisonAt(at: number): { readonly operator: string; readonly length: number } | null {
    const found = COMPARISONS.find(([phrase]) => this.isPhrase(at, phrase));
    return found === undefined ? null : { operator: found[1], length: found[0].length };
  }

  isPhrase(at: number, phrase: readonly string[]): boolean {
    return phrase.every((word, index) => {
      const token = this.tokens[at + index];
      return token !== undefined && !token.isQuoted && token.word === word && !this.used.has(at + index);
    });
  }

  /** The longest name of a column that stands there. */
  columnAt(at: number): { readonly column: Column; readonly length: number } | null {
    const found = this.table.columns
      .flatMap((column) =>
        [
          nameWords(column.name),
          ...Object.entries(this.words).flatMap(([word, target]) =>
            target === `${this.table.name}.${column.name}` ? [nameWords(word)] : [],
          ),
        ].map((name) => ({ column, name })),
      )
      .filter(({ name }) => fits(this.tokens, at, name))
      .toSorted((one, other) => other.name.length - one.name.length);
    const [best, second] = found;
    if (best === undefined) return null;
    if (second !== undefined && second.name.length === best.name.length && second.column !== best.column)
      throw new Unreadable(`"${this.tokens[at]?.text}" may be ${best.column.name} or ${second.column.name}`);
    return { column: best.column, length: best.name.length };
  }

  columnNamed(word: string): boolean {
    return this.table.columns.some(({ name }) => nameWords(name).join(" ") === singular(word));
  }
}

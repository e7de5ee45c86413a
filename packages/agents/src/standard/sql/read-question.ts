/**
 * Questions that can be read without a model: how many, total, average, highest and lowest, top so many, a list; of one table, by a column, under conditions. Every
 * word has to be accounted for: what is not understood could be what matters, and is left to a model. Names come from the database, values go as parameters.
 */
import { normalText } from "../../guardrails/normal-text.ts";
import { readValue } from "../intent-parser/slots.ts";
import { singular } from "../singular.ts";
import { type Column, type DatabaseShape, isNumeric, isTime, nameWords, type Table } from "./database-shape.ts";

export interface ReadQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
  readonly reasons: readonly string[];
}

/** Why it could not be read. */
export interface Unread {
  readonly unread: string;
}

interface Token {
  readonly text: string;
  readonly word: string;
  readonly isQuoted: boolean;
}

// What is none of these, a sign, may turn round what the words say: it has to be accounted for, too.
const TOKEN =
  /"([^"]{1,200})"|'([^']{1,200})'|>=|<=|[<>=]|(?<![\p{L}\p{N}_])-?[$€£]?[\p{L}\p{N}_]+(?:[.,:@-][\p{L}\p{N}_]+)*|(?!!+(?:[\s?.]|$))[^\s.,;:?()]/gu;

const IDLE = new Set(
  "a an the of are is was were there do does did we have has i me my our us please what show give tell list all get find which that and with in for from on it per each every by whose where value amount rows records entries".split(
    " ",
  ),
);
const NEGATING = new Set("not no without except excluding other than never or between like except".split(" "));

const AGGREGATES: readonly (readonly [readonly string[], "COUNT" | "SUM" | "AVG" | "MAX" | "MIN"])[] = [
  [["how", "many"], "COUNT"],
  [["number", "of"], "COUNT"],
  [["count"], "COUNT"],
  [["total"], "SUM"],
  [["sum"], "SUM"],
  [["average"], "AVG"],
  [["mean"], "AVG"],
  [["avg"], "AVG"],
  [["highest"], "MAX"],
  [["largest"], "MAX"],
  [["maximum"], "MAX"],
  [["lowest"], "MIN"],
  [["smallest"], "MIN"],
  [["minimum"], "MIN"],
];

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

/** `words` says what else tables and columns are called: `{ revenue: "orders.total", clients: "customers" }`. */
export const readQuestion = (
  question: string,
  shape: DatabaseShape,
  words: Readonly<Record<string, string>>,
  maxRows: number,
): ReadQuery | Unread => {
  const tokens = tokensOf(question);
  if (tokens.length === 0) return { unread: "there are no words in it" };
  const sign = tokens.find(({ text, isQuoted }) => !isQuoted && /^[^\p{L}\p{N}_<>=]$/u.test(text));
  if (sign !== undefined) return { unread: `not understood: ${sign.text}` };
  const turned = tokens.find(({ word, isQuoted }) => !isQuoted && NEGATING.has(word));
  if (turned !== undefined) return { unread: `"${turned.text}" may turn round what the others say` };
  const tables = shape.tables.filter((table) => namesOf(table.name, words).some((name) => find(tokens, name) !== -1));
  // Of `orders` and `order_items` the longer name is meant where it stands.
  const longest = Math.max(0, ...tables.map(({ name }) => nameWords(name).length));
  const meant = tables.filter(({ name }) => nameWords(name).length === longest);
  const [table] = meant;
  if (table === undefined) return { unread: "it names no table" };
  if (meant.length > 1) return { unread: `it names several tables: ${meant.map(({ name }) => name).join(", ")}` };
  return new Reading(tokens, table, shape.dialect, words, maxRows).read();
};

const tokensOf = (question: string): readonly Token[] =>
  [...question.matchAll(TOKEN)].map(([text, double, single]) => {
    const quoted = double ?? single;
    return { text: quoted ?? text, word: normalText(quoted ?? text), isQuoted: quoted !== undefined };
  });

/** Its own, and those that the vocabulary has for it; as lists of words without plural. */
const namesOf = (name: string, words: Readonly<Record<string, string>>): readonly (readonly string[])[] => [
  nameWords(name),
  ...Object.entries(words).flatMap(([word, target]) => (target === name ? [nameWords(word)] : [])),
];

const fits = (tokens: readonly Token[], at: number, name: readonly string[]): boolean =>
  name.length > 0 &&
  name.every((part, index) => {
    const token = tokens[at + index];
    return token !== undefined && !token.isQuoted && (singular(token.word) === part || token.word === part);
  });

const find = (tokens: readonly Token[], name: readonly string[], from = 0): number => {
  for (let at = from; at < tokens.length; at++) if (fits(tokens, at, name)) return at;
  return -1;
};

const DAY_MS = 86_400_000;
const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

class Unreadable extends Error {}

class Reading {
  private readonly tokens: readonly Token[];
  private readonly table: Table;
  private readonly isSqlite: boolean;
  private readonly words: Readonly<Record<string, string>>;
  private readonly maxRows: number;
  private readonly used = new Set<number>();
  private readonly parameters: (string | number)[] = [];
  private readonly conditions: string[] = [];
  private readonly reasons: string[] = [];

  constructor(
    tokens: readonly Token[],
    table: Table,
    dialect: string,
    words: Readonly<Record<string, string>>,
    maxRows: number,
  ) {
    this.tokens = tokens;
    this.table = table;
    this.isSqlite = dialect === "SQLite";
    this.words = words;
    this.maxRows = maxRows;
  }

  read(): ReadQuery | Unread {
    try {
      return this.query();
    } catch (error) {
      if (error instanceof Unreadable) return { unread: error.message };
      throw error;
    }
  }

  private query(): ReadQuery {
    for (const name of namesOf(this.table.name, this.words)) this.take(find(this.tokens, name), name.length);
    this.reasons.push(`table ${this.table.name}`);
    const top = this.top();
    const group = this.group();
    const aggregate = this.aggregate();
    this.readConditions();
    const left = this.tokens.filter(({ word, isQuoted }, at) => !this.used.has(at) && (isQuoted || !IDLE.has(word)));
    if (left.length > 0) throw new Unreadable(`not understood: ${left.map(({ text }) => text).join(", ")}`);
    const from = ` FROM ${this.name(this.table.name)}`;
    const where = this.conditions.length === 0 ? "" : ` WHERE ${this.conditions.join(" AND ")}`;
    const limit = ` LIMIT ${Math.min(top?.count ?? this.maxRows, this.maxRows)}`;
    const done = (sql: string): ReadQuery => ({ sql, parameters: this.parameters, reasons: this.reasons });
    if (aggregate === null && group !== null) throw new Unreadable(`by ${group.name}: it does not say what is counted`);
    if (aggregate !== null) {
      if (top !== null && group === null) throw new Unreadable("a top of one number");
      if (group === null) return done(`SELECT ${aggregate.sql} AS ${aggregate.as}${from}${where}`);
      const by = this.name(group.name);
      const order = ` ORDER BY ${aggregate.as} ${top?.isLowest === true ? "ASC" : "DESC"}, ${by}`;
      return done(`SELECT ${by}, ${aggregate.sql} AS ${aggregate.as}${from}${where} GROUP BY ${by}${order}${limit}`);
    }
    if (top !== null) {
      if (top.by === null) throw new Unreadable("a top, and it does not say by which column");
      return done(
        `SELECT *${from}${where} ORDER BY ${this.name(top.by.name)} ${top.isLowest ? "ASC" : "DESC"}${limit}`,
      );
    }
    const asksForRows = this.tokens.some(({ word }) =>
      ["list", "show", "which", "find", "get", "all", "what"].includes(word),
    );
    if (!asksForRows && this.conditions.length === 0)
      throw new Unreadable("it does not say what is wanted of the table");
    return done(`SELECT *${from}${where}${limit}`);
  }

  /** "top 5 … by amount", "5 largest": whole rows, or groups where an aggregate stands beside it. */
  private top(): { readonly count: number; readonly by: Column | null; readonly isLowest: boolean } | null {
    const at = this.tokens.findIndex(({ word }) => word === "top" || word === "bottom" || word === "first");
    if (at === -1) return null;
    const count = Number(this.tokens[at + 1]?.word);
    if (!Number.isInteger(count) || count < 1) throw new Unreadable("a top, and it does not say how many");
    this.take(at, 2);
    const by = this.tokens.findIndex(({ word }, index) => index > at && word === "by");
    if (by === -1) return { count, by: null, isLowest: this.tokens[at]?.word === "bottom" };
    this.reasons.push(`top ${count}`);
    // With an aggregate behind `by` it is groups that are put in order, by that.
    const found = this.columnAt(by + 1);
    if (found !== null) this.take(by, 1 + found.length);
    return { count, by: found?.column ?? null, isLowest: this.tokens[at]?.word === "bottom" };
  }

  /** "by region", "per region", "for each region", or the column that a top is of: "top 5 regions by total amount". */
  private group(): Column | null {
    for (const [at, { word }] of this.tokens.entries()) {
      if (this.used.has(at) || !["by", "per", "each", "every"].includes(word)) continue;
      const found = this.columnAt(at + 1);
      if (found === null) continue;
      this.take(at, 1 + found.length);
      this.reasons.push(`by ${found.column.name}`);
      return found.column;
    }
    const top = this.tokens.findIndex(({ word }) => word === "top" || word === "bottom");
    const found = top === -1 ? null : this.columnAt(top + 2);
    if (found === null) return null;
    this.take(top + 2, found.length);
    this.reasons.push(`by ${found.column.name}`);
    return found.column;
  }

  private aggregate(): { readonly sql: string; readonly as: string } | null {
    // Of `total_amount` the first word is a part of the name, and not what is to be done with it, unless nothing else is.
    const found = this.aggregateAt((at) => this.columnAt(at) === null);
    if (found !== null) return this.aggregated(found.aggregate, found.at, found.length);
    const named = this.aggregateAt((at) => {
      const column = this.columnAt(at);
      return column !== null && this.comparisonAt(at + column.length) === null;
    });
    return named === null ? null : this.aggregated(named.aggregate, named.at, 0);
  }

  private aggregateAt(
    isIt: (at: number) => boolean,
  ): { readonly aggregate: (typeof AGGREGATES)[number][1]; readonly at: number; readonly length: number } | null {
    for (let at = 0; at < this.tokens.length; at++)
      for (const [phrase, aggregate] of AGGREGATES)
        if (this.isPhrase(at, phrase) && isIt(at)) return { aggregate, at, length: phrase.length };
    return null;
  }

  /** Of the next column behind it. */
  private aggregated(
    aggregate: (typeof AGGREGATES)[number][1],
    at: number,
    length: number,
  ): { readonly sql: string; readonly as: string } {
    this.take(at, length);
    if (aggregate === "COUNT") {
      this.reasons.push("how many");
      return { sql: "COUNT(*)", as: "count" };
    }
    for (let next = at + length; next < this.tokens.length; next++) {
      if (this.used.has(next)) continue;
      const found = this.columnAt(next);
      if (found === null && IDLE.has(this.tokens[next]?.word ?? "")) continue;
      if (found === null) break;
      if (!isNumeric(found.column) && (aggregate === "SUM" || aggregate === "AVG"))
        throw new Unreadable(`${found.column.name} is no number`);
      this.take(next, found.length);
      this.reasons.push(`${aggregate.toLowerCase()} of ${found.column.name}`);
      return { sql: `${aggregate}(${this.name(found.column.name)})`, as: aggregate.toLowerCase() };
    }
    throw new Unreadable(`${this.tokens[at]?.text}: it does not say of which column`);
  }

  private readConditions(): void {
    for (let at = 0; at < this.tokens.length; at++) {
      if (this.used.has(at)) continue;
      if (this.yearAt(at) || this.dayAt(at)) continue;
      const found = this.columnAt(at);
      if (found === null) continue;
      let next = at + found.length;
      // "whose amount is above 3" is no "is".
      const isBefore = this.isPhrase(next, ["is"]) && this.comparisonAt(next + 1) !== null;
      if (isBefore) next += 1;
      const comparison = this.comparisonAt(next);
      const operator = comparison?.operator ?? "=";
      const value = this.tokens[next + (comparison?.length ?? 0)];
      if (value === undefined) throw new Unreadable(`${found.column.name}: it does not say which`);
      this.condition(found.column, operator, value);
      this.take(at, next - at + (comparison?.length ?? 0) + 1);
    }
  }

  private condition(column: Column, operator: string, { text, word, isQuoted }: Token): void {
    if (!isQuoted && (IDLE.has(word) || this.columnNamed(word)))
      throw new Unreadable(`${column.name}: it does not say which`);
    if (isNumeric(column)) {
      const number = readValue("number", text);
      if (number === null) throw new Unreadable(`${column.name} is a number, and "${text}" is none`);
      this.compare(column, operator, number);
    } else if (isTime(column) && readValue("date", text) !== null) this.compareDay(column, operator, text);
    else if (operator === "=") this.compare(column, operator, text);
    else throw new Unreadable(`${column.name} ${operator} "${text}" says nothing of texts`);
  }

  private compare(column: Column, operator: string, value: string | number): void {
    this.parameters.push(value);
    this.conditions.push(`${this.name(column.name)} ${operator} ${this.isSqlite ? "?" : `$${this.parameters.length}`}`);
    this.reasons.push(`${column.name} ${operator} ${value}`);
  }

  /** A day is all of it: the column may have times. */
  private compareDay(column: Column, operator: string, day: string): void {
    if (operator === "=" || operator === ">=" || operator === "<")
      this.compare(column, operator === "=" ? ">=" : operator, day);
    if (operator === "=" || operator === "<=") this.compare(column, "<", dayAfter(day));
    if (operator === ">") this.compare(column, ">=", dayAfter(day));
  }

  /** "in 2025", of the only column that is a time. */
  private yearAt(at: number): boolean {
    const year = this.tokens[at + 1]?.word ?? "";
    if (this.tokens[at]?.word !== "in" || !/^(?:19|20)\d{2}$/.test(year)) return false;
    const column = this.onlyTime();
    this.compare(column, ">=", `${year}-01-01`);
    this.compare(column, "<", `${Number(year) + 1}-01-01`);
    this.take(at, 2);
    return true;
  }

  /** "since 2025-03-01", "before …", of the only column that is a time. */
  private dayAt(at: number): boolean {
    const operator = { since: ">=", after: ">", before: "<", until: "<=" }[this.tokens[at]?.word ?? ""];
    const day = this.tokens[at + 1]?.text ?? "";
    if (operator === undefined || readValue("date", day) === null) return false;
    this.compareDay(this.onlyTime(), operator, day);
    this.take(at, 2);
    return true;
  }

  private onlyTime(): Column {
    const columns = this.table.columns.filter(isTime);
    const [column] = columns;
    if (column === undefined || columns.length > 1)
      throw new Unreadable(`${this.table.name} has ${columns.length} columns that are a time: it does not say which`);
    return column;
  }

  private comparisonAt(at: number): { readonly operator: string; readonly length: number } | null {
    const found = COMPARISONS.find(([phrase]) => this.isPhrase(at, phrase));
    return found === undefined ? null : { operator: found[1], length: found[0].length };
  }

  private isPhrase(at: number, phrase: readonly string[]): boolean {
    return phrase.every((word, index) => {
      const token = this.tokens[at + index];
      return token !== undefined && !token.isQuoted && token.word === word && !this.used.has(at + index);
    });
  }

  /** The longest name of a column that stands there. */
  private columnAt(at: number): { readonly column: Column; readonly length: number } | null {
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

  private columnNamed(word: string): boolean {
    return this.table.columns.some(({ name }) => nameWords(name).join(" ") === singular(word));
  }

  private take(at: number, length: number): void {
    for (let index = at; at >= 0 && index < at + length; index++) this.used.add(index);
  }

  /** PostgreSQL tells names as a query has to write them; of SQLite any may be a word of the language. */
  private name(name: string): string {
    return this.isSqlite ? `"${name.replaceAll('"', '""')}"` : name;
  }
}

/**
 * Questions that can be read without a model: how many, total, average, highest and lowest, top so many, a list; of one table, by a column, under conditions. Every
 * word has to be accounted for: what is not understood could be what matters, and is left to a model. Names come from the database, values go as parameters.
 */
import { type Column, type DatabaseShape, isNumeric, nameWords, type Table } from "./database-shape.ts";
import { find, IDLE, namesOf, QuestionWords, tokensOf, Unreadable } from "./question-words.ts";
import { readConditions } from "./read-conditions.ts";
import { type SqlWriter, sqlWriter } from "./sql-writer.ts";

export interface ReadQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
  readonly reasons: readonly string[];
}

/** Why it could not be read. */
export interface Unread {
  readonly unread: string;
}

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
  return new Reading(new QuestionWords(tokens, table, words), table, sqlWriter(shape.dialect), maxRows).read();
};

class Reading {
  private readonly words: QuestionWords;
  private readonly table: Table;
  private readonly sql: SqlWriter;
  private readonly maxRows: number;
  private readonly reasons: string[] = [];

  constructor(words: QuestionWords, table: Table, sql: SqlWriter, maxRows: number) {
    this.words = words;
    this.table = table;
    this.sql = sql;
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
    this.reasons.push(`table ${this.table.name}`);
    const top = this.top();
    const group = this.group();
    const aggregate = this.aggregate();
    const { all, parameters, reasons } = readConditions(this.words, this.table, this.sql);
    const { left } = this.words;
    if (left.length > 0) throw new Unreadable(`not understood: ${left.map(({ text }) => text).join(", ")}`);
    const from = ` FROM ${this.sql.name(this.table.name)}`;
    const where = all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`;
    const limit = ` LIMIT ${Math.min(top?.count ?? this.maxRows, this.maxRows)}`;
    const done = (sql: string): ReadQuery => ({ sql, parameters, reasons: [...this.reasons, ...reasons] });
    if (aggregate === null && group !== null) throw new Unreadable(`by ${group.name}: it does not say what is counted`);
    if (aggregate !== null) {
      if (top !== null && group === null) throw new Unreadable("a top of one number");
      if (group === null) return done(`SELECT ${aggregate.sql} AS ${aggregate.as}${from}${where}`);
      const by = this.sql.name(group.name);
      const order = ` ORDER BY ${aggregate.as} ${top?.isLowest === true ? "ASC" : "DESC"}, ${by}`;
      return done(`SELECT ${by}, ${aggregate.sql} AS ${aggregate.as}${from}${where} GROUP BY ${by}${order}${limit}`);
    }
    if (top !== null) {
      if (top.by === null) throw new Unreadable("a top, and it does not say by which column");
      return done(
        `SELECT *${from}${where} ORDER BY ${this.sql.name(top.by.name)} ${top.isLowest ? "ASC" : "DESC"}${limit}`,
      );
    }
    const asksForRows = this.words.tokens.some(({ word }) =>
      ["list", "show", "which", "find", "get", "all", "what"].includes(word),
    );
    if (!asksForRows && all.length === 0) throw new Unreadable("it does not say what is wanted of the table");
    return done(`SELECT *${from}${where}${limit}`);
  }

  /** "top 5 … by amount", "5 largest": whole rows, or groups where an aggregate stands beside it. */
  private top(): { readonly count: number; readonly by: Column | null; readonly isLowest: boolean } | null {
    const at = this.words.tokens.findIndex(({ word }) => word === "top" || word === "bottom" || word === "first");
    if (at === -1) return null;
    const count = Number(this.words.tokens[at + 1]?.word);
    if (!Number.isInteger(count) || count < 1) throw new Unreadable("a top, and it does not say how many");
    this.words.take(at, 2);
    const by = this.words.tokens.findIndex(({ word }, index) => index > at && word === "by");
    if (by === -1) return { count, by: null, isLowest: this.words.tokens[at]?.word === "bottom" };
    this.reasons.push(`top ${count}`);
    // With an aggregate behind `by` it is groups that are put in order, by that.
    const found = this.words.columnAt(by + 1);
    if (found !== null) this.words.take(by, 1 + found.length);
    return { count, by: found?.column ?? null, isLowest: this.words.tokens[at]?.word === "bottom" };
  }

  /** "by region", "per region", "for each region", or the column that a top is of: "top 5 regions by total amount". */
  private group(): Column | null {
    for (const [at, { word }] of this.words.tokens.entries()) {
      if (this.words.isUsed(at) || !["by", "per", "each", "every"].includes(word)) continue;
      const found = this.words.columnAt(at + 1);
      if (found === null) continue;
      this.words.take(at, 1 + found.length);
      this.reasons.push(`by ${found.column.name}`);
      return found.column;
    }
    const top = this.words.tokens.findIndex(({ word }) => word === "top" || word === "bottom");
    const found = top === -1 ? null : this.words.columnAt(top + 2);
    if (found === null) return null;
    this.words.take(top + 2, found.length);
    this.reasons.push(`by ${found.column.name}`);
    return found.column;
  }

  private aggregate(): { readonly sql: string; readonly as: string } | null {
    // Of `total_amount` the first word is a part of the name, and not what is to be done with it, unless nothing else is.
    const found = this.aggregateAt((at) => this.words.columnAt(at) === null);
    if (found !== null) return this.aggregated(found.aggregate, found.at, found.length);
    const named = this.aggregateAt((at) => {
      const column = this.words.columnAt(at);
      return column !== null && this.words.comparisonAt(at + column.length) === null;
    });
    return named === null ? null : this.aggregated(named.aggregate, named.at, 0);
  }

  private aggregateAt(
    isIt: (at: number) => boolean,
  ): { readonly aggregate: (typeof AGGREGATES)[number][1]; readonly at: number; readonly length: number } | null {
    for (let at = 0; at < this.words.tokens.length; at++)
      for (const [phrase, aggregate] of AGGREGATES)
        if (this.words.isPhrase(at, phrase) && isIt(at)) return { aggregate, at, length: phrase.length };
    return null;
  }

  /** Of the next column behind it. */
  private aggregated(
    aggregate: (typeof AGGREGATES)[number][1],
    at: number,
    length: number,
  ): { readonly sql: string; readonly as: string } {
    this.words.take(at, length);
    if (aggregate === "COUNT") {
      this.reasons.push("how many");
      return { sql: "COUNT(*)", as: "count" };
    }
    for (let next = at + length; next < this.words.tokens.length; next++) {
      if (this.words.isUsed(next)) continue;
      const found = this.words.columnAt(next);
      if (found === null && IDLE.has(this.words.tokens[next]?.word ?? "")) continue;
      if (found === null) break;
      if (!isNumeric(found.column) && (aggregate === "SUM" || aggregate === "AVG"))
        throw new Unreadable(`${found.column.name} is no number`);
      this.words.take(next, found.length);
      this.reasons.push(`${aggregate.toLowerCase()} of ${found.column.name}`);
      return { sql: `${aggregate}(${this.sql.name(found.column.name)})`, as: aggregate.toLowerCase() };
    }
    throw new Unreadable(`${this.words.tokens[at]?.text}: it does not say of which column`);
  }
}

import { readValue } from "../intent-parser/slots.ts";
import { type Column, isNumeric, isTime, type Table } from "./database-shape.ts";
import { IDLE, type QuestionWords, type Token, Unreadable } from "./question-words.ts";
import type { SqlWriter } from "./sql-writer.ts";

export interface Conditions {
  /** In SQL, with parameters for values. */
  readonly all: readonly string[];
  readonly parameters: readonly (string | number)[];
  readonly reasons: readonly string[];
}

const DAY_MS = 86_400_000;
const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

/** What of the table is asked about: columns with values, years, days. Throws Unreadable. */
export const readConditions = (words: QuestionWords, table: Table, sql: SqlWriter): Conditions => {
  const reader = new ConditionReader(words, table, sql);
  reader.read();
  return reader;
};

class ConditionReader implements Conditions {
  readonly all: string[] = [];
  readonly parameters: (string | number)[] = [];
  readonly reasons: string[] = [];
  private readonly words: QuestionWords;
  private readonly table: Table;
  private readonly sql: SqlWriter;

  constructor(words: QuestionWords, table: Table, sql: SqlWriter) {
    this.words = words;
    this.table = table;
    this.sql = sql;
  }

  read(): void {
    for (let at = 0; at < this.words.tokens.length; at++) {
      if (this.words.isUsed(at)) continue;
      if (this.yearAt(at) || this.dayAt(at)) continue;
      const found = this.words.columnAt(at);
      if (found === null) continue;
      let next = at + found.length;
      // "whose amount is above 3" is no "is".
      const isBefore = this.words.isPhrase(next, ["is"]) && this.words.comparisonAt(next + 1) !== null;
      if (isBefore) next += 1;
      const comparison = this.words.comparisonAt(next);
      const operator = comparison?.operator ?? "=";
      const value = this.words.tokens[next + (comparison?.length ?? 0)];
      if (value === undefined) throw new Unreadable(`${found.column.name}: it does not say which`);
      this.condition(found.column, operator, value);
      this.words.take(at, next - at + (comparison?.length ?? 0) + 1);
    }
  }

  private condition(column: Column, operator: string, { text, word, isQuoted }: Token): void {
    if (!isQuoted && (IDLE.has(word) || this.words.columnNamed(word)))
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
    this.all.push(`${this.sql.name(column.name)} ${operator} ${this.sql.parameter(this.parameters.length)}`);
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
    const year = this.words.tokens[at + 1]?.word ?? "";
    if (this.words.tokens[at]?.word !== "in" || !/^(?:19|20)\d{2}$/.test(year)) return false;
    const column = this.onlyTime();
    this.compare(column, ">=", `${year}-01-01`);
    this.compare(column, "<", `${Number(year) + 1}-01-01`);
    this.words.take(at, 2);
    return true;
  }

  /** "since 2025-03-01", "before …", of the only column that is a time. */
  private dayAt(at: number): boolean {
    const operator = { since: ">=", after: ">", before: "<", until: "<=" }[this.words.tokens[at]?.word ?? ""];
    const day = this.words.tokens[at + 1]?.text ?? "";
    if (operator === undefined || readValue("date", day) === null) return false;
    this.compareDay(this.onlyTime(), operator, day);
    this.words.take(at, 2);
    return true;
  }

  private onlyTime(): Column {
    const columns = this.table.columns.filter(isTime);
    const [column] = columns;
    if (column === undefined || columns.length > 1)
      throw new Unreadable(`${this.table.name} has ${columns.length} columns that are a time: it does not say which`);
    return column;
  }
}

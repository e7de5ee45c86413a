/** Arithmetic in decimal numbers, as people write it: no float says that 0.1 + 0.2 is 0.30000000000000004. */
import Big from "big.js";
import { refuse } from "./refuse.ts";

// Digits after the point that a division or a root is worked out to.
const DECIMALS = 30;
const MAX_DIGITS = 1000;
const MAX_DEPTH = 100;
const MAX_POWER = 1000;

// A constructor of our own: its settings are nobody else's.
const Decimal = Big();
Decimal.DP = DECIMALS;

const TOKEN = /\s*(?:(\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)|([a-z][a-z0-9]*)|(\*\*|[-+*/%^(),]))/iy;

type Token = { readonly text: string; readonly at: number } & (
  | { readonly kind: "number" | "name" | "sign" }
  | { readonly kind: "end" }
);

const FUNCTIONS: Readonly<
  Record<string, { readonly takes: readonly [least: number, most: number]; readonly of: (...values: Big[]) => Big }>
> = {
  sqrt: { takes: [1, 1], of: (value = zero()) => root(value) },
  abs: { takes: [1, 1], of: (value = zero()) => value.abs() },
  round: { takes: [1, 2], of: (value = zero(), places = zero()) => value.round(placesOf(places), Decimal.roundHalfUp) },
  floor: { takes: [1, 1], of: (value = zero()) => towards(value, -1) },
  ceil: { takes: [1, 1], of: (value = zero()) => towards(value, 1) },
  min: { takes: [1, 1000], of: (...values) => values.reduce((least, value) => (value.lt(least) ? value : least)) },
  max: { takes: [1, 1000], of: (...values) => values.reduce((most, value) => (value.gt(most) ? value : most)) },
  sum: { takes: [1, 1000], of: (...values) => values.reduce((sum, value) => sum.plus(value)) },
  avg: { takes: [1, 1000], of: (...values) => values.reduce((sum, value) => sum.plus(value)).div(values.length) },
};
const CONSTANTS: Readonly<Record<string, string>> = {
  pi: "3.14159265358979323846264338328",
  e: "2.71828182845904523536028747135",
};

/**
 * The value of an expression of numbers, `+ - * / % ^`, brackets, `sqrt abs round floor ceil min max sum avg`, `pi` and `e`, as a decimal number without an
 * exponent. Throws INVALID_ARGUMENT with the place of what is not right.
 */
export const calculate = (expression: string): string => {
  const value = new Parser(expression).whole();
  return plain(value);
};

const plain = (value: Big): string => {
  bounded(value);
  return value.round(DECIMALS, Decimal.roundHalfUp).toFixed();
};

const zero = (): Big => new Decimal(0);
const bounded = (value: Big): Big => {
  if (Math.abs(value.e) > MAX_DIGITS || value.c.length > MAX_DIGITS)
    throw refuse("calculator", `a number has more than ${MAX_DIGITS} digits`);
  return value;
};
const root = (value: Big): Big => {
  if (value.lt(0)) throw refuse("calculator", "the square root of a negative number is no number");
  return value.sqrt();
};
const placesOf = (places: Big): number => {
  const count = places.toNumber();
  if (!Number.isInteger(count) || count < 0 || count > DECIMALS)
    throw refuse("calculator", `round: expected 0 to ${DECIMALS} places, got ${places.toFixed()}`);
  return count;
};
const towards = (value: Big, sign: 1 | -1): Big => {
  const cut = value.round(0, Decimal.roundDown);
  return cut.eq(value) || value.gt(0) !== sign > 0 ? cut : cut.plus(sign);
};

class Parser {
  private readonly text: string;
  private position = 0;
  private token: Token;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.token = this.next();
  }

  whole(): Big {
    const value = this.sum();
    if (this.token.kind !== "end") throw this.unexpected("an operator, or the end");
    return value;
  }

  private sum(): Big {
    let value = this.product();
    for (;;) {
      if (this.takes("+")) value = bounded(value.plus(this.product()));
      else if (this.takes("-")) value = bounded(value.minus(this.product()));
      else return value;
    }
  }

  private product(): Big {
    let value = this.signed();
    for (;;) {
      if (this.takes("*")) value = bounded(value.times(this.signed()));
      else if (this.takes("/")) value = bounded(value.div(this.divisor()));
      else if (this.takes("%")) value = value.mod(this.divisor());
      else return value;
    }
  }

  private divisor(): Big {
    const value = this.signed();
    if (value.eq(0)) throw refuse("calculator", "division by zero");
    return value;
  }

  private signed(): Big {
    if (this.takes("-")) return this.deeper(() => this.signed()).neg();
    if (this.takes("+")) return this.deeper(() => this.signed());
    return this.power();
  }

  /** Binds to the right, and closer than a sign before it: -2^2 is -4. */
  private power(): Big {
    const base = this.primary();
    if (!this.takes("^") && !this.takes("**")) return base;
    const exponent = this.deeper(() => this.signed());
    const power = exponent.toNumber();
    if (!Number.isInteger(power) || Math.abs(power) > MAX_POWER)
      throw refuse(
        "calculator",
        `expected a whole number from -${MAX_POWER} to ${MAX_POWER} as a power, got ${exponent.toFixed()}`,
      );
    if (base.eq(0) && power < 0) throw refuse("calculator", "division by zero");
    if (Math.abs(power) * Math.max(1, Math.abs(base.e)) > MAX_DIGITS)
      throw refuse("calculator", `a number has more than ${MAX_DIGITS} digits`);
    return bounded(base.pow(power));
  }

  private primary(): Big {
    const { kind, text } = this.token;
    if (kind === "number") {
      this.token = this.next();
      return bounded(new Decimal(text.replaceAll("_", "")));
    }
    if (this.takes("(")) return this.closed(this.deeper(() => this.sum()));
    if (kind === "name") return this.named(text);
    throw this.unexpected("a number, a bracket or a function");
  }

  private named(text: string): Big {
    const name = text.toLowerCase();
    this.token = this.next();
    if (Object.hasOwn(CONSTANTS, name)) return new Decimal(CONSTANTS[name] ?? 0);
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (known === undefined)
      throw refuse(
        "calculator",
        `there is no "${text}"; expected one of ${[...Object.keys(FUNCTIONS), ...Object.keys(CONSTANTS)].join(", ")}`,
      );
    if (!this.takes("(")) throw this.unexpected(`"(" after ${name}`);
    const values = [this.deeper(() => this.sum())];
    while (this.takes(",")) values.push(this.deeper(() => this.sum()));
    const [least, most] = known.takes;
    if (values.length < least || values.length > most)
      throw refuse(
        "calculator",
        `${name} takes ${least === most ? least : `${least} to ${most}`}, got ${values.length}`,
      );
    return this.closed(bounded(known.of(...values)));
  }

  private closed(value: Big): Big {
    if (!this.takes(")")) throw this.unexpected('")"');
    return value;
  }

  private deeper<T>(parse: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw refuse("calculator", `it is nested deeper than ${MAX_DEPTH}`);
    const value = parse();
    this.depth -= 1;
    return value;
  }

  private takes(sign: string): boolean {
    if (this.token.kind !== "sign" || this.token.text !== sign) return false;
    this.token = this.next();
    return true;
  }

  private next(): Token {
    TOKEN.lastIndex = this.position;
    const found = TOKEN.exec(this.text);
    if (found === null) {
      const rest = this.text.slice(this.position).trimStart();
      if (rest === "") return { kind: "end", text: "", at: this.text.length };
      throw refuse("calculator", `"${rest[0]}" at ${this.text.length - rest.length} is nothing it knows`);
    }
    this.position = TOKEN.lastIndex;
    const [, number, name, sign] = found;
    const text = number ?? name ?? sign ?? "";
    const kind = number !== undefined ? "number" : name !== undefined ? "name" : "sign";
    return { kind, text, at: this.position - text.length };
  }

  private unexpected(expected: string): Error {
    const { kind, text, at } = this.token;
    return refuse("calculator", `expected ${expected} at ${at}, got ${kind === "end" ? "the end" : `"${text}"`}`);
  }
}

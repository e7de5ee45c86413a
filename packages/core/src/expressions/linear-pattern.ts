import type { Meter } from "./meter.ts";

/** Something that is no pattern, or one that cannot be matched in time that grows with the text alone. */
export class PatternError extends Error {}

type Syntax =
  | { readonly kind: "character"; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: "assertion"; readonly holds: Assertion }
  | { readonly kind: "sequence"; readonly parts: readonly Syntax[] }
  | { readonly kind: "choice"; readonly parts: readonly Syntax[] }
  | { readonly kind: "repeat"; readonly part: Syntax; readonly least: number; readonly most: number };

/** Over the characters before and after a place; -1 where there is none. */
type Assertion = (before: number, after: number) => boolean;

type State =
  | { readonly kind: "character"; readonly matches: (codePoint: number) => boolean; readonly next: number }
  | { readonly kind: "assertion"; readonly holds: Assertion; readonly next: number }
  | { readonly kind: "fork"; next: readonly number[] }
  | { readonly kind: "match" };

const MAX_PATTERN_LENGTH = 1_000;
const MAX_STATES = 2_000;
const MAX_NESTING = 50;
const MAX_REPEATS = 1_000;

/**
 * A pattern as CEL's `matches` has it (RE2: no look-around, no back references), run as an automaton: JavaScript's own backtracks, and a
 * pattern such as `(a+)+b` would hold the thread for years. Found anywhere in the text, unless `^` and `$` say where.
 */
export class LinearPattern {
  private readonly states: State[] = [];
  private readonly start: number;

  /** Throws PatternError. */
  constructor(pattern: string) {
    if (pattern.length > MAX_PATTERN_LENGTH)
      throw new PatternError(`it is longer than ${MAX_PATTERN_LENGTH} characters`);
    this.start = this.build(parsePattern(pattern), this.add({ kind: "match" }));
  }

  test(text: string, meter: Meter): boolean {
    // By the place at which a state was reached last.
    const reached = new Int32Array(this.states.length).fill(-1);
    let current: number[] = [];
    let place = 0;
    let before = -1;
    const characters = text[Symbol.iterator]();
    for (;;) {
      const { value } = characters.next();
      const after = value?.codePointAt(0) ?? -1;
      const next: number[] = [];
      const active: number[] = [];
      if (this.reach([...current, this.start], place, reached, before, after, active)) return true;
      meter.spend(2 * active.length + 1);
      if (after === -1) return false;
      for (const index of active) {
        const state = this.states[index];
        if (state?.kind === "character" && state.matches(after)) next.push(state.next);
      }
      current = next;
      before = after;
      place += 1;
    }
  }

  /** Adds the states that wait for a character; true when the end is among what is reached. */
  private reach(
    from: number[],
    place: number,
    reached: Int32Array,
    before: number,
    after: number,
    active: number[],
  ): boolean {
    for (let index = from.pop(); index !== undefined; index = from.pop()) {
      if (reached[index] === place) continue;
      reached[index] = place;
      const state = this.states[index];
      if (state === undefined) continue;
      if (state.kind === "match") return true;
      if (state.kind === "character") active.push(index);
      else if (state.kind === "fork") from.push(...state.next);
      else if (state.holds(before, after)) from.push(state.next);
    }
    return false;
  }

  private add(state: State): number {
    if (this.states.length >= MAX_STATES) throw new PatternError(`it takes more than ${MAX_STATES} states`);
    return this.states.push(state) - 1;
  }

  /** Where to start so that what comes after is at `next`. */
  private build(syntax: Syntax, next: number): number {
    switch (syntax.kind) {
      case "character":
        return this.add({ kind: "character", matches: syntax.matches, next });
      case "assertion":
        return this.add({ kind: "assertion", holds: syntax.holds, next });
      case "sequence":
        return syntax.parts.reduceRight((after, part) => this.build(part, after), next);
      case "choice":
        return this.add({ kind: "fork", next: syntax.parts.map((part) => this.build(part, next)) });
      case "repeat": {
        let start = next;
        if (syntax.most === Number.POSITIVE_INFINITY) {
          const fork: State = { kind: "fork", next: [] };
          start = this.add(fork);
          fork.next = [this.build(syntax.part, start), next];
        } else {
          for (let count = syntax.least; count < syntax.most; count++)
            start = this.add({ kind: "fork", next: [this.build(syntax.part, start), next] });
        }
        for (let count = 0; count < syntax.least; count++) start = this.build(syntax.part, start);
        return start;
      }
    }
  }
}

const NEWLINE = 10;
const isWord = (codePoint: number): boolean => codePoint >= 0 && /^\w$/.test(String.fromCodePoint(codePoint));
const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  "^": (before) => before === -1,
  $: (_, after) => after === -1,
  "\\A": (before) => before === -1,
  "\\z": (_, after) => after === -1,
  "\\b": (before, after) => isWord(before) !== isWord(after),
  "\\B": (before, after) => isWord(before) === isWord(after),
};

const parsePattern = (pattern: string): Syntax => {
  const flags = /^\(\?([is]+)\)/.exec(pattern);
  const ignoresCase = flags?.[1]?.includes("i") ?? false;
  const dotIsAll = flags?.[1]?.includes("s") ?? false;
  let at = flags?.[0].length ?? 0;

  const fail = (complaint: string): PatternError => new PatternError(`${complaint} at character ${at + 1}`);

  const choice = (nesting: number): Syntax => {
    const parts = [sequence(nesting)];
    while (pattern[at] === "|") {
      at += 1;
      parts.push(sequence(nesting));
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: "choice", parts };
  };

  const sequence = (nesting: number): Syntax => {
    const parts: Syntax[] = [];
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") parts.push(repeated(nesting));
    return { kind: "sequence", parts };
  };

  const repeated = (nesting: number): Syntax => {
    const part = atom(nesting);
    const counts = /(?:[*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})/y;
    counts.lastIndex = at;
    const found = counts.exec(pattern);
    if (found === null) return part;
    at = counts.lastIndex;
    // Whether as few or as many as possible makes no difference to whether it is found.
    if (pattern[at] === "?") at += 1;
    if (/[*+?{]/.test(pattern[at] ?? "")) throw fail("a repetition of a repetition");
    const [sign, least, comma, most] = found;
    if (sign === "*") return { kind: "repeat", part, least: 0, most: Number.POSITIVE_INFINITY };
    if (sign === "+") return { kind: "repeat", part, least: 1, most: Number.POSITIVE_INFINITY };
    if (sign === "?") return { kind: "repeat", part, least: 0, most: 1 };
    const from = Number(least);
    const to = comma === undefined ? from : most === undefined ? Number.POSITIVE_INFINITY : Number(most);
    if (from > MAX_REPEATS || (to > MAX_REPEATS && to !== Number.POSITIVE_INFINITY) || from > to)
      throw fail(`expected at most ${MAX_REPEATS} repetitions, the lower number first,`);
    return { kind: "repeat", part, least: from, most: to };
  };

  const atom = (nesting: number): Syntax => {
    const sign = pattern[at] ?? "";
    if (sign === "(") {
      if (nesting >= MAX_NESTING) throw fail(`groups nested deeper than ${MAX_NESTING}`);
      if (pattern.startsWith("(?:", at)) at += 3;
      else if (pattern[at + 1] === "?") throw fail("look-around, names and flags within are not allowed: (?");
      else at += 1;
      const inner = choice(nesting + 1);
      if (pattern[at] !== ")") throw fail("a group that is not closed");
      at += 1;
      return inner;
    }
    if (/[*+?]/.test(sign)) throw fail(`nothing to repeat before ${sign}`);
    const assertion = ASSERTIONS[sign] ?? (sign === "\\" ? ASSERTIONS[pattern.slice(at, at + 2)] : undefined);
    if (assertion !== undefined) {
      at += sign === "\\" ? 2 : 1;
      return { kind: "assertion", holds: assertion };
    }
    if (sign === ".") {
      at += 1;
      return { kind: "character", matches: dotIsAll ? () => true : (codePoint) => codePoint !== NEWLINE };
    }
    return { kind: "character", matches: character(sign) };
  };

  /** One character, by JavaScript's own: with nothing to repeat it cannot backtrack. */
  const character = (sign: string): ((codePoint: number) => boolean) => {
    const shape =
      sign === "["
        ? /\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]/y
        : sign === "\\"
          ? /\\(?:x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]{1,6}\}|[pP]\{[\w=]{1,50}\}|[^0-9xpPk])/y
          : /[^\\]/uy;
    shape.lastIndex = at;
    const found = shape.exec(pattern)?.[0];
    if (found === undefined)
      throw fail(sign === "[" ? "a class that is not closed" : "an escape that is none here, or refers back,");
    if (sign === "[" && found.includes("[:")) throw fail("named classes are not known here: write \\d, \\w or \\p{L};");
    const literal = sign === "[" || /^\\\w/.test(found) ? undefined : found.replace("\\", "");
    if (literal !== undefined && !ignoresCase) {
      at += found.length;
      const codePoint = literal.codePointAt(0);
      return (other) => other === codePoint;
    }
    let single: RegExp;
    try {
      single = new RegExp(
        `^${literal === undefined ? toUnicodeSyntax(found) : escapeSign(literal)}$`,
        ignoresCase ? "iu" : "u",
      );
    } catch {
      throw fail(`${found} is no character or class`);
    }
    at += found.length;
    return (codePoint) => single.test(String.fromCodePoint(codePoint));
  };

  const syntax = choice(0);
  if (at < pattern.length) throw fail("a ) without its (");
  return syntax;
};

/** JavaScript with the flag u takes `\u{…}` for `\x{…}`, no class that begins with `]`, and no escape that means nothing. */
const toUnicodeSyntax = (found: string): string =>
  found
    .replace(/^\[(\^?)\]/, "[$1\\]")
    .replaceAll(/\\x(?=\{)/g, "\\u")
    .replaceAll(/\\([^\w\s])/g, (escape, sign: string) => (/[\^$\\.*+?()[\]{}|/-]/.test(sign) ? escape : sign));

const escapeSign = (sign: string): string => (/[\^$\\.*+?()[\]{}|/]/.test(sign) ? `\\${sign}` : sign);

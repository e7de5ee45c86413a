/** How a request in plain words falls apart, by its own punctuation and joints: no meaning is guessed. */

// Over single spaces, and without a repetition that may begin anywhere: a request is anybody's text.
// Whatever might join two wishes in one sentence. There are more of them than wishes, which costs a question each and no mistake.
const JOINTS = /[\n;:,]|[.!?](?=\s|$)|\b(?:and|then|afterwards?|also|plus|but|as well as|after that)\b/iu;
// Where somebody wrote a list: a line, a sentence or what follows a semicolon is one wish.
const ITEMS = /[\n;]|[.!?](?=\s|$)/u;
const THEN = /[,;.]? ?\b(?:and )?then\b,?/giu;
const WAITS = "\u0000";
// "1.", "2)", "-", "*" before an item.
const MARKER = /^ ?(?:\d{1,3}[.)]|[-*•]) /gmu;

const plain = (text: string): string => text.replace(/[^\S\n]+/gu, " ").replace(MARKER, "");

const isWorded = (text: string): boolean => /\p{L}/u.test(text);

/** Clauses of which each may be a wish of its own; one of a request that asks for one thing. */
export const clausesOf = (text: string): readonly string[] =>
  plain(text)
    .split(JOINTS)
    .map((clause) => clause.trim())
    .filter(isWorded);

export interface Item {
  readonly what: string;
  /** "then" stands before it: it needs what the one before came to. */
  readonly waits: boolean;
}

/** Of a request that is written as a list, in its order. */
export const itemsOf = (text: string): readonly Item[] =>
  plain(text)
    .replace(THEN, `\n${WAITS}`)
    .split(ITEMS)
    .map((item) => ({ what: item.replace(WAITS, "").trim(), waits: item.trimStart().startsWith(WAITS) }))
    .filter(({ what }) => isWorded(what));

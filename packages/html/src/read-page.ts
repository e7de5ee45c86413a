/**
 * What a page shows to who reads it, as text: headings, lists, links and tables by a few marks, and nothing that is hidden.
 *
 * Pages are written by others, and read on the thread that everything runs on: what one costs is bounded by its length, whatever stands in it. No element is
 * looked at below a depth, since the parser looks through all that is open for each end of something that was never begun; each piece of it is short, and others
 * have their turn in between; and no mark is longer than a few characters, but for links, which end the page where they make too much of it.
 */
import { setImmediate } from "node:timers/promises";
import { Parser } from "htmlparser2";

export interface ReadPageOptions {
  /** By which links are made absolute and shown. @default links are not shown */
  readonly base?: URL | undefined;
  /** Of the text. @default all */
  readonly maxCharacters?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PageHeading {
  /** Of the text, from 1. */
  readonly line: number;
  /** 1 to 6. */
  readonly level: number;
  readonly text: string;
}

export interface ShownPage {
  /** Up to 1,000 characters; undefined: it has none. */
  readonly title?: string;
  readonly text: string;
  readonly headings: readonly PageHeading[];
  /** It has more than `maxCharacters`, or is nested deeper than MAX_DEPTH. */
  readonly isCut?: true;
}

// No page that is read by people is deeper.
export const MAX_DEPTH = 400;
// Between two of them others have their turn.
const CHUNK = 64 * 1024;

const NOT_SHOWN = new Set(["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "head"]);
const BLOCKS = new Set(
  "address article aside blockquote details dialog div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section summary table ul".split(
    " ",
  ),
);
/** Each on a line of its own, close to the next. */
const LINES = new Set(["dd", "dt", "li", "tr"]);
// Stands before a heading until its line is counted: no text of a page has it.
const HEADING = "\0";

/** Throws what `signal` says. */
export const readPage = async (html: string, options: ReadPageOptions = {}): Promise<ShownPage> => {
  const page = new Page(options);
  const parser = new Parser(page, { decodeEntities: true });
  for (let at = 0; at < html.length && !page.isOver; at += CHUNK) {
    options.signal?.throwIfAborted();
    if (at > 0) await setImmediate();
    parser.write(html.slice(at, at + CHUNK));
  }
  if (!page.isOver) parser.end();
  return page.result();
};

class Page {
  isOver = false;
  private readonly base: URL | undefined;
  private readonly maxCharacters: number;
  // Pieces, and what they end with: to look at the end of a long text that was just added to costs as much as to copy it.
  private readonly pieces: string[] = [];
  private length = 0;
  private end = "";
  private title = "";
  private depth = 0;
  /** Depth of what hides all within it; 0: nothing does. */
  private hiddenAt = 0;
  private inTitle = false;
  private inPre = 0;
  private readonly links: (string | null)[] = [];

  constructor({ base, maxCharacters = Number.POSITIVE_INFINITY }: ReadPageOptions) {
    this.base = base;
    this.maxCharacters = maxCharacters;
  }

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.isOver = true;
    if (name === "title" && this.title === "") this.inTitle = true;
    if (this.hiddenAt > 0) return;
    if (NOT_SHOWN.has(name) || isHidden(attributes)) {
      this.hiddenAt = this.depth;
      return;
    }
    if (BLOCKS.has(name)) this.endLine("\n\n");
    if (LINES.has(name)) this.endLine("\n");
    if (name === "br") this.append("\n");
    if (name === "li") this.append("- ");
    if (/^h[1-6]$/.test(name)) this.append(`${HEADING}${"#".repeat(Number(name[1]))} `);
    if (name === "pre") this.inPre += 1;
    if ((name === "td" || name === "th") && this.length > 0 && !this.end.endsWith("\n")) this.append(" | ");
    if (name === "a") this.links.push(this.linkOf(attributes["href"]));
    if (name === "img" && attributes["alt"]) this.add(`[${attributes["alt"]}]`);
  }

  ontext(text: string): void {
    if (this.inTitle) this.title = `${this.title}${text}`.slice(0, 1000);
    else if (this.hiddenAt === 0) this.add(text);
  }

  onclosetag(name: string): void {
    if (name === "title") this.inTitle = false;
    if (this.hiddenAt === this.depth) this.hiddenAt = 0;
    else if (this.hiddenAt === 0) {
      if (name === "a") {
        const link = this.links.pop();
        if (link != null) this.append(` (${link})`);
      }
      if (name === "pre") this.inPre -= 1;
      if (BLOCKS.has(name)) this.endLine("\n\n");
    }
    this.depth -= 1;
  }

  result(): ShownPage {
    const whole = this.pieces
      .join("")
      // From where spaces begin: tried from each of them, a row of them takes time by the square of its length.
      .replaceAll(/(?<![ \t])[ \t]+\n/g, "\n")
      .replaceAll(/\n{3,}/g, "\n\n")
      .trim();
    const marked = whole.replaceAll(HEADING, "");
    const text = marked.slice(0, this.maxCharacters);
    const title = this.title.replaceAll(/\s+/g, " ").trim();
    const isCut = this.isOver || text.length < marked.length;
    return {
      ...(title === "" ? {} : { title }),
      ...{ text, headings: headingsOf(whole, text) },
      ...(isCut ? { isCut: true } : {}),
    };
  }

  private add(given: string): void {
    const text = given.replaceAll(HEADING, " ");
    if (this.inPre > 0) return this.append(text);
    const plain = text.replaceAll(/\s+/g, " ");
    this.append(this.length === 0 || /\s$/.test(this.end) ? plain.trimStart() : plain);
  }

  private append(text: string): void {
    if (this.isOver || text === "") return;
    this.pieces.push(text);
    this.length += text.length;
    this.end = text.length > 1 ? text.slice(-2) : `${this.end.slice(-1)}${text}`;
    // Some of it may be spaces that go.
    if (this.length > 2 * this.maxCharacters) this.isOver = true;
  }

  private endLine(end: "\n" | "\n\n"): void {
    if (this.length > 0) while (!this.isOver && !this.end.endsWith(end)) this.append("\n");
  }

  private linkOf(href: string | undefined): string | null {
    if (this.base === undefined || href === undefined || href.startsWith("#")) return null;
    const url = URL.parse(href, this.base.href);
    return url !== null && /^https?:$/.test(url.protocol) && url.href.length <= 2048 ? url.href : null;
  }
}

/** Of those that the text still has. Each begins its line. */
const headingsOf = (whole: string, text: string): readonly PageHeading[] => {
  const headings: PageHeading[] = [];
  let characters = 0;
  for (const [index, line] of whole.split("\n").entries()) {
    if (characters >= text.length) break;
    const isHeading = line.startsWith(HEADING);
    characters += line.length + (isHeading ? 0 : 1);
    const level = line.indexOf(" ") - 1;
    const heading = isHeading && level > 0 ? line.slice(level + 2).trim() : "";
    if (heading !== "") headings.push({ line: index + 1, level, text: heading });
  }
  return headings;
};

/** As far as the page itself says; a style sheet may hide more. */
const isHidden = ({ hidden, style, "aria-hidden": ariaHidden }: Readonly<Record<string, string>>): boolean =>
  hidden !== undefined || ariaHidden === "true" || /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style ?? "");

/** What a page shows to who reads it, as text: headings, lists, links and tables by a few marks, and nothing that is hidden. */
import { setImmediate } from "node:timers/promises";
import { Parser } from "htmlparser2";

export interface HtmlText {
  readonly title?: string;
  readonly text: string;
  readonly isCut?: true;
}

// No page that is read by people is deeper; the parser looks through all that is open for each tag that closes nothing.
const MAX_DEPTH = 400;
// Between two of them others have their turn.
const CHUNK = 64 * 1024;

const NOT_SHOWN = new Set(["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "head"]);
const BLOCKS = new Set(
  "address article aside blockquote div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul".split(
    " ",
  ),
);

/** Each on a line of its own, close to the next. */
const LINES = new Set(["dd", "dt", "li", "tr"]);

/** Links are made absolute by `base`. */
export const htmlText = async (
  html: string,
  { base, maxCharacters }: { readonly base: URL; readonly maxCharacters: number },
): Promise<HtmlText> => {
  const page = new Page(base, maxCharacters);
  const parser = new Parser(page, { decodeEntities: true });
  for (let at = 0; at < html.length && !page.isOver; at += CHUNK) {
    if (at > 0) await setImmediate();
    parser.write(html.slice(at, at + CHUNK));
  }
  if (!page.isOver) parser.end();
  return page.result();
};

class Page {
  isOver = false;
  private readonly base: URL;
  private readonly maxCharacters: number;
  private text = "";
  private title = "";
  private depth = 0;
  /** Depth of what hides all within it; 0: nothing does. */
  private hiddenAt = 0;
  private inTitle = false;
  private inPre = 0;
  private readonly links: (string | null)[] = [];

  constructor(base: URL, maxCharacters: number) {
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
    if (name === "br") this.text += "\n";
    if (name === "li") this.text += "- ";
    if (/^h[1-6]$/.test(name)) this.text += `${"#".repeat(Number(name[1]))} `;
    if (name === "pre") this.inPre += 1;
    if ((name === "td" || name === "th") && !/(^|\n)$/.test(this.text.slice(-1))) this.text += " | ";
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
        if (link != null) this.text += ` (${link})`;
      }
      if (name === "pre") this.inPre -= 1;
      if (BLOCKS.has(name)) this.endLine("\n\n");
    }
    this.depth -= 1;
  }

  result(): HtmlText {
    const text = this.text
      .replaceAll(/[ \t]+\n/g, "\n")
      .replaceAll(/\n{3,}/g, "\n\n")
      .trim();
    const title = this.title.replaceAll(/\s+/g, " ").trim();
    const isCut = this.isOver || text.length > this.maxCharacters;
    return {
      ...(title === "" ? {} : { title }),
      text: text.slice(0, this.maxCharacters),
      ...(isCut ? { isCut: true } : {}),
    };
  }

  private add(text: string): void {
    if (this.inPre > 0) this.text += text;
    else {
      const plain = text.replaceAll(/\s+/g, " ");
      this.text += /\s$/.test(this.text.slice(-1)) || this.text === "" ? plain.trimStart() : plain;
    }
    // Some of it may be spaces that go.
    if (this.text.length > 2 * this.maxCharacters) this.isOver = true;
  }

  private endLine(end: "\n" | "\n\n"): void {
    if (this.text !== "") while (!this.text.endsWith(end)) this.text += "\n";
  }

  private linkOf(href: string | undefined): string | null {
    if (href === undefined || href.startsWith("#")) return null;
    const url = URL.parse(href, this.base.href);
    return url !== null && /^https?:$/.test(url.protocol) && url.href.length <= 2048 ? url.href : null;
  }
}

/** As far as the page itself says; a style sheet may hide more. */
const isHidden = ({ hidden, style, "aria-hidden": ariaHidden }: Readonly<Record<string, string>>): boolean =>
  hidden !== undefined || ariaHidden === "true" || /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style ?? "");

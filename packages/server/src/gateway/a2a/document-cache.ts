/** Documents as texts with what their caching needs, made once for what they are made from. */
import { createHash } from "node:crypto";

export interface CachedDocument {
  readonly text: string;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

interface Entry {
  readonly parts: readonly unknown[];
  /** What the document was made from: as long as it says the same, it is not signed again. */
  readonly source: string;
  readonly document: Promise<CachedDocument>;
}

export interface DocumentSource<Content extends object> {
  readonly build: () => Content;
  /** What goes out in place of the content, such as a signed one. Called once for each content. @default the content */
  readonly finish?: ((content: Content) => Promise<object>) | undefined;
}

// Agents come and go, and nobody says which documents went with them.
const MAX_ENTRIES = 2_000;

/**
 * Documents by name, looked at again when one of the parts that they are made from is another: values, or objects that nobody changes in
 * place. `modifiedAt` moves only when the content did.
 */
export class DocumentCache {
  /** What was asked for last stands last. */
  private readonly entries = new Map<string, Entry>();
  private readonly maxEntries: number;

  /** `maxEntries`: above it, what nobody has asked for the longest is made again when somebody does. @default 2,000 */
  constructor(maxEntries = MAX_ENTRIES) {
    this.maxEntries = maxEntries;
  }

  get<Content extends object>(
    key: string,
    parts: readonly unknown[],
    { build, finish }: DocumentSource<Content>,
    now: number,
  ): Promise<CachedDocument> {
    const known = this.entries.get(key);
    this.entries.delete(key);
    if (known !== undefined && areSame(known.parts, parts)) {
      this.entries.set(key, known);
      return known.document;
    }
    const content = build();
    const source = JSON.stringify(content);
    const document =
      known?.source === source ? known.document : finished(finish === undefined ? source : finish(content), now);
    const entry = { parts, source, document };
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > this.maxEntries && oldest !== undefined) this.entries.delete(oldest);
    // Whoever asks next may have more luck.
    document.catch(() => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
    });
    return document;
  }
}

const areSame = (before: readonly unknown[], after: readonly unknown[]): boolean =>
  before.length === after.length && before.every((part, index) => part === after[index]);

const finished = async (content: string | Promise<object>, modifiedAt: number): Promise<CachedDocument> => {
  const text = typeof content === "string" ? content : JSON.stringify(await content);
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
  return { text, etag, modifiedAt };
};

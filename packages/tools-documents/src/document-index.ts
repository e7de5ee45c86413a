/**
 * The documents of a folder, as they are on disk: a file is read anew when its size, times or inode changed and its content did, and is gone when the file is.
 * All of it stays in memory; nothing is written.
 */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract/errors";
import { TextIndex } from "@agentcore/core/text";
import { type ConfinedFolder, readBounded } from "@agentcore/tools-files";
import type { DocumentLimits } from "./document-limits.ts";
import { type DocumentText, kindOf } from "./document-text.ts";
import { joinRanks } from "./join-ranks.ts";
import { type Embed, PassageVectors } from "./passage-vectors.ts";
import { readDocument } from "./read-document.ts";
import { openPdfReader } from "./read-pdf.ts";
import { SharedWork } from "./shared-work.ts";
import { type Passage, splitDocument } from "./split-document.ts";

export interface DocumentIndexOptions {
  readonly limits: DocumentLimits;
  readonly embed?: Embed | undefined;
  /** Monotonic. */
  readonly now?: (() => number) | undefined;
}

export interface FoundPassage extends Passage {
  readonly path: string;
  readonly text: string;
  /** "words 1, meaning 3": its place in each ranking. */
  readonly places: string;
}

export interface Finding {
  readonly passages: readonly FoundPassage[];
  /** How was searched, and what stood in the way. */
  readonly how: string;
}

export interface SkippedFile {
  readonly path: string;
  readonly why: string;
}

interface Known {
  version: string;
  hash: string;
  /** Null: it could not be read. */
  document: DocumentText | null;
  why: string;
  /** By place in the document; the index knows them as PATH + "\n" + place. */
  readonly passages: readonly Passage[];
}

// Of each ranking, before they are joined.
const RANKED = 100;
// Who searches several times in a row looks at the folder once.
const FRESH_MS = 2_000;
// A file that has just changed may change again within the same tick of its clock.
const SETTLED_MS = 2_000;
// The loop's other work waits no longer.
const SLICE_MS = 10;

export class DocumentIndex {
  private readonly folder: ConfinedFolder;
  private readonly options: DocumentIndexOptions;
  private readonly now: () => number;
  private readonly files = new Map<string, Known>();
  private readonly words = new TextIndex();
  private readonly vectors: PassageVectors | null;
  private readonly unembedded = new Set<string>();
  private readonly refreshing: SharedWork;
  private readonly embedding: SharedWork;
  private readonly pdf;
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private characters = 0;
  private sliceFrom = 0;

  constructor(folder: ConfinedFolder, options: DocumentIndexOptions) {
    this.folder = folder;
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.vectors = options.embed === undefined ? null : new PassageVectors(options.embed);
    this.refreshing = new SharedWork((signal) => this.readChanges(signal));
    this.embedding = new SharedWork((signal) => this.embedNew(signal));
    const { pages, characters } = options.limits;
    this.pdf = openPdfReader({ maxPages: pages, maxCharacters: characters });
  }

  /** How many documents and passages there are, and which files could not be read. */
  get state(): { readonly documents: number; readonly passages: number; readonly skipped: readonly SkippedFile[] } {
    const skipped = [...this.files].flatMap(([path, { document, why }]) => (document === null ? [{ path, why }] : []));
    return { documents: this.files.size - skipped.length, passages: this.words.size, skipped };
  }

  /** Best first; `accepts` says which files count. */
  async search(
    query: string,
    limit: number,
    accepts: (path: string) => boolean,
    signal: AbortSignal,
  ): Promise<Finding> {
    await this.refresh(signal);
    const isWanted = (id: string): boolean => accepts(pathOf(id));
    const rankings = new Map<string, readonly string[]>([
      ["words", this.words.search(query, RANKED, isWanted).map(({ id }) => id)],
    ]);
    let how = "by words";
    if (this.vectors !== null) {
      try {
        await this.embedding.run(signal);
        const near = await this.vectors.search(query, isWanted, RANKED, signal);
        rankings.set("meaning", near);
        how = "by words and by meaning";
      } catch (error) {
        if (signal.aborted) throw error;
        how = `by words alone: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    const joined = joinRanks(rankings).slice(0, limit);
    return { how, passages: joined.flatMap(({ id, places }) => this.found(id, places)) };
  }

  /** The whole of a document as it is now. Throws NOT_FOUND, and what stands in the way of reading it. */
  async read(path: string, signal: AbortSignal): Promise<DocumentText> {
    await this.refresh(signal);
    const known = this.files.get(path);
    if (known === undefined) throw new PlatformError("NOT_FOUND", `there is no document "${path}"`);
    if (known.document === null) throw new PlatformError("INVALID_ARGUMENT", `"${path}" cannot be read: ${known.why}`);
    return known.document;
  }

  private async refresh(signal: AbortSignal): Promise<void> {
    if (this.now() - this.refreshedAt > FRESH_MS) await this.refreshing.run(signal);
  }

  private async readChanges(signal: AbortSignal): Promise<void> {
    const { limits } = this.options;
    const startedAt = Date.now();
    const present = new Map<string, string>();
    for await (const { path, version, modifiedMs } of this.folder.walk("", { signal, maxEntries: limits.files * 10 })) {
      if (kindOf(path) === null) continue;
      if (present.size >= limits.files) throw past("files", limits.files);
      present.set(path, startedAt - modifiedMs < SETTLED_MS ? "" : version);
    }
    for (const path of [...this.files.keys()]) if (!present.has(path)) this.forget(path);
    for (const [path, version] of present) {
      const known = this.files.get(path);
      if (known === undefined || version === "" || known.version !== version)
        await this.readFile(path, version, signal);
      await this.yieldToOthers(signal);
    }
    this.refreshedAt = this.now();
  }

  private async readFile(path: string, version: string, signal: AbortSignal): Promise<void> {
    const kind = kindOf(path);
    if (kind === null) return;
    const known = this.files.get(path);
    let hash = "";
    try {
      const bytes = await this.folder.openFile(path, (file) =>
        readBounded(file, path, { maxBytes: this.options.limits.fileBytes, signal }),
      );
      hash = createHash("sha256").update(bytes).digest("base64");
      if (known?.hash === hash) {
        known.version = version;
        return;
      }
      const document = await readDocument(kind, bytes, (pdf) => this.pdf.read(pdf, signal), signal);
      await this.take(path, { version, hash, document, why: "", passages: splitDocument(document) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FolderFull) throw error.told;
      this.forget(path);
      const why = error instanceof Error ? error.message : String(error);
      const unread = { document: null, why, passages: [] };
      // What may work another time is tried again.
      const isFinal = PlatformError.is(error) && !error.retryable;
      this.files.set(path, isFinal ? { version, hash, ...unread } : { version: "", hash: "", ...unread });
    }
  }

  private async take(
    path: string,
    known: Known & { readonly document: DocumentText },
    signal: AbortSignal,
  ): Promise<void> {
    const { limits } = this.options;
    this.forget(path);
    if (this.characters + known.document.text.length > limits.characters)
      throw new FolderFull(past("characters", limits.characters));
    if (this.words.size + known.passages.length > limits.passages)
      throw new FolderFull(past("passages", limits.passages));
    // Half of a file would be found as if it were the whole: an abort in between leaves it as one that is to be read.
    this.files.set(path, { ...known, version: "", hash: "" });
    this.characters += known.document.text.length;
    for (const [place, passage] of known.passages.entries()) {
      const id = `${path}\n${place}`;
      this.words.set(id, textOf(path, passage, known.document));
      if (this.vectors !== null) this.unembedded.add(id);
      await this.yieldToOthers(signal);
    }
    this.files.set(path, known);
  }

  private forget(path: string): void {
    const known = this.files.get(path);
    if (known === undefined) return;
    this.files.delete(path);
    this.characters -= known.document?.text.length ?? 0;
    for (const place of known.passages.keys()) {
      const id = `${path}\n${place}`;
      this.words.delete(id);
      this.vectors?.delete(id);
      this.unembedded.delete(id);
    }
  }

  private async embedNew(signal: AbortSignal): Promise<void> {
    const wanted = [...this.unembedded].flatMap((id) => {
      const [known, passage] = this.passageOf(id);
      if (known?.document == null || passage === undefined) return [];
      // What was read anew meanwhile has other passages of the same ids.
      const take = (): boolean => this.passageOf(id)[1] === passage && this.unembedded.delete(id);
      return [{ id, text: textOf(pathOf(id), passage, known.document), take }];
    });
    await this.vectors?.add(wanted, signal);
  }

  private found(id: string, places: ReadonlyMap<string, number>): FoundPassage[] {
    const [known, passage] = this.passageOf(id);
    if (known?.document == null || passage === undefined) return [];
    return [
      {
        ...passage,
        path: pathOf(id),
        text: known.document.text.slice(passage.start, passage.end).trim(),
        places: [...places].map(([name, place]) => `${name} ${place}`).join(", "),
      },
    ];
  }

  private passageOf(id: string): readonly [Known | undefined, Passage | undefined] {
    const known = this.files.get(pathOf(id));
    return [known, known?.passages[Number(id.slice(id.lastIndexOf("\n") + 1))]];
  }

  private async yieldToOthers(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    if (now - this.sliceFrom < SLICE_MS) return;
    await new Promise(setImmediate);
    this.sliceFrom = performance.now();
  }
}

/** What ends the whole reading, unlike what is wrong with one file. */
class FolderFull extends Error {
  readonly told: PlatformError;

  constructor(told: PlatformError) {
    super(told.message);
    this.told = told;
  }
}

const past = (what: keyof DocumentLimits, most: number): PlatformError =>
  new PlatformError(
    "TOO_LARGE",
    `the folder of documents has more than ${most} ${what}: name a smaller one, or raise limits.${what}`,
  );

const pathOf = (id: string): string => id.slice(0, id.lastIndexOf("\n"));

/** A passage is found by its file's name and heading, too. */
const textOf = (path: string, { start, end, heading = "" }: Passage, { text }: DocumentText): string =>
  `${path.replaceAll(/[/_.-]+/g, " ")}\n${heading}\n${text.slice(start, end)}`;

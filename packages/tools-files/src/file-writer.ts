/**
 * Changes to files, each whole or not at all: what is written lies on the disk before its name leads to it. One change at a time in a folder, whosever tools ask for it, so that two calls of this
 * process never both replace what they read; another process that writes between the look and the change is not seen.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import type { ConfinedFolder, OpenedParent } from "./confined-folder.ts";
import { quoted } from "./judge-path.ts";
import { readBounded } from "./read-bounded.ts";

export interface Written {
  readonly path: string;
  readonly bytes: number;
  readonly hash: string;
  /** False: it had that content already. */
  readonly changed: boolean;
}

interface Change {
  readonly signal: AbortSignal;
}

interface Present {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly mode: number;
}

/** Of a file's content, to be given back by who changes it: short, since a model writes it. Tells changes apart, and is no proof. */
export const contentHash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const PERMISSIONS = 0o777;

export class FileWriter {
  private readonly folder: ConfinedFolder;
  private readonly maxBytes: number;
  private last: Promise<unknown> = Promise.resolve();

  constructor(folder: ConfinedFolder, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** Idempotent. Throws CONFLICT where there is another content than `replaces`, or one and none was named. Missing folders are made. */
  write(
    path: string,
    content: string,
    { replaces, signal }: Change & { readonly replaces?: string | undefined },
  ): Promise<Written> {
    return this.inTurn(signal, async () => {
      const bytes = this.bytesOf(path, content);
      const hash = contentHash(bytes);
      return this.changeIn(path, replaces === undefined, async (parent) => {
        const present = await this.present(parent, path, signal);
        if (present?.hash === hash) return { path, bytes: bytes.length, hash, changed: false };
        if (present === null && replaces !== undefined) throw conflict(path, "is gone");
        if (present !== null && replaces === undefined)
          throw conflict(path, `is there already: read it, and give its hash as \`replaces\``);
        if (present !== null && present.hash !== replaces) throw conflict(path, "has changed: read it again");
        await put(parent, bytes, present);
        return { path, bytes: bytes.length, hash, changed: true };
      });
    });
  }

  /** Throws NOT_FOUND where there is no such file or text, INVALID_ARGUMENT where the text stands there more than once. */
  edit(
    path: string,
    { old, by, all, signal }: Change & { readonly old: string; readonly by: string; readonly all: boolean },
  ): Promise<Written & { readonly replaced: number }> {
    return this.inTurn(signal, () =>
      this.changeIn(path, false, async (parent) => {
        const present = await this.present(parent, path, signal);
        if (present === null) throw new PlatformError("NOT_FOUND", `there is no ${quoted(path)}`);
        const text = textOf(path, present.bytes);
        // Who read the file saw its lines without the signs that Windows ends them with.
        const isFound = text.includes(old) || !text.includes("\r\n");
        const [wanted, next] = isFound ? [old, by] : [withReturns(old), withReturns(by)];
        const parts = text.split(wanted);
        const count = parts.length - 1;
        if (count === 0) throw new PlatformError("NOT_FOUND", `${quoted(path)} has no such text`);
        if (count > 1 && !all)
          throw new PlatformError(
            "INVALID_ARGUMENT",
            `${quoted(path)} has that text ${count} times: give more of what is around it, or \`all\``,
          );
        // Before there is such a text: a short one for a letter makes more of a file than any memory holds.
        const growth = Buffer.byteLength(next) - Buffer.byteLength(wanted);
        if (present.bytes.length + count * growth > this.maxBytes) throw this.tooLarge(path);
        const bytes = this.bytesOf(path, parts.join(next));
        await put(parent, bytes, present);
        return { path, bytes: bytes.length, hash: contentHash(bytes), changed: true, replaced: count };
      }),
    );
  }

  /** Idempotent: what is gone is deleted. Throws CONFLICT where it has another content. */
  delete(
    path: string,
    { hash, signal }: Change & { readonly hash: string },
  ): Promise<{ readonly path: string; readonly deleted: boolean }> {
    return this.inTurn(signal, () =>
      this.changeIn(path, false, async (parent) => {
        const present = await this.present(parent, path, signal);
        if (present === null) return { path, deleted: false };
        if (present.hash !== hash) throw conflict(path, "has changed: read it again");
        await unlink(join(parent.at, parent.name));
        await parent.handle.sync();
        return { path, deleted: true };
      }),
    );
  }

  private async present(parent: OpenedParent, path: string, signal: AbortSignal): Promise<Present | null> {
    try {
      return await parent.openFile(async (file) => {
        const bytes = await readBounded(file, path, { maxBytes: this.maxBytes, signal });
        const { mode } = await file.handle.stat();
        return { bytes, hash: contentHash(bytes), mode: mode & PERMISSIONS };
      });
    } catch (error) {
      if (PlatformError.is(error) && error.code === "NOT_FOUND") return null;
      throw error;
    }
  }

  private bytesOf(path: string, text: string): Uint8Array {
    const bytes = Buffer.from(text);
    if (bytes.length <= this.maxBytes) return bytes;
    throw this.tooLarge(path);
  }

  private tooLarge(path: string): PlatformError {
    return new PlatformError("TOO_LARGE", `${quoted(path)} would have more than ${this.maxBytes} bytes`);
  }

  private changeIn<Result>(
    path: string,
    makesFolders: boolean,
    change: (parent: OpenedParent) => Promise<Result>,
  ): Promise<Result> {
    return this.folder.inParent(path, { makesFolders }, async (parent) => {
      const { dev, ino } = await parent.handle.stat({ bigint: true });
      return inTurnOf(`${dev}.${ino}`, () => change(parent));
    });
  }

  private inTurn<Result>(signal: AbortSignal, change: () => Promise<Result>): Promise<Result> {
    const done = this.last.then(() => {
      signal.throwIfAborted();
      return change();
    });
    this.last = done.catch(() => undefined);
    return done;
  }
}

/** By folder, as the disk knows it: several agents have tools for one, under roots of several names. Only those in which something is under way. */
const changing = new Map<string, Promise<unknown>>();

const inTurnOf = async <Result>(folder: string, change: () => Promise<Result>): Promise<Result> => {
  const done = (changing.get(folder) ?? Promise.resolve()).then(change);
  const ended = done.catch(() => undefined);
  changing.set(folder, ended);
  try {
    return await done;
  } finally {
    if (changing.get(folder) === ended) changing.delete(folder);
  }
};

/** Writes beside it first: who reads sees the old content or the new. */
const put = async ({ at, name, handle }: OpenedParent, bytes: Uint8Array, present: Present | null): Promise<void> => {
  // Hidden, so that what a crash leaves behind is not taken for a file.
  const temporary = join(at, `.agentcore-${randomUUID()}.tmp`);
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, present?.mode ?? 0o666);
  try {
    try {
      await file.writeFile(bytes);
      // What the process's mask took away was there before.
      if (present !== null) await file.chmod(present.mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (present === null) await nameNew(temporary, join(at, name));
    else await rename(temporary, join(at, name));
    await handle.sync();
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
};

/** A new name never takes the place of a file that somebody else has made meanwhile. */
const nameNew = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // File systems without second names of a file.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    await rename(from, to);
  }
};

const textOf = (path: string, bytes: Uint8Array): string => {
  try {
    // The mark stays, so that it is written back.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PlatformError("INVALID_ARGUMENT", `${quoted(path)} is no text in UTF-8, which is all that is edited`);
  }
};

const withReturns = (text: string): string => text.replaceAll(/\r?\n/g, "\r\n");

const conflict = (path: string, why: string): PlatformError => new PlatformError("CONFLICT", `${quoted(path)} ${why}`);

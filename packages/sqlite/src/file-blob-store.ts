/**
 * Blobs as files of the data folder: `<tenant>/<namespace>/<first two digits>/<name>`. A file is whole or absent, on disk
 * when its put resolves, for this user only, and its time of modification is that of its last put. The folder is one
 * process's alone, so what touches one file takes turns here. Whether bytes are those of their name is not asked here but where they are
 * opened: the name is of the content before it was sealed, and made with a key.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { checkBlob, checkBlobNamespace, isBlobName, MAX_BLOBS_LISTED } from "@agentcore/core/payloads";
import type { BlobEntry, BlobScope, BlobStore, Clock } from "@agentcore/core/ports";
import { asDiskFull } from "./disk-room.ts";
import { syncFolder } from "./sync-folder.ts";

export interface FileBlobStoreOptions {
  /** Absolute path; made with the first blob. */
  readonly directory: string;
  readonly clock: Pick<Clock, "now">;
  /** Hears why something could not be written. */
  readonly onFailure?: ((error: PlatformError) => void) | undefined;
}

const TEMPORARY = ".tmp";
const TENANT_FOLDER = /^t-/;

class FileBlobStore implements BlobStore {
  private readonly directory: string;
  private readonly clock: Pick<Clock, "now">;
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly onFailure: (error: PlatformError) => void;
  private temporaries = 0;

  constructor({ directory, clock, onFailure = () => {} }: FileBlobStoreOptions) {
    this.onFailure = onFailure;
    this.directory = directory;
    this.clock = clock;
  }

  async put(scope: BlobScope, name: string, bytes: Uint8Array): Promise<void> {
    checkBlob(scope, name, bytes);
    const file = this.fileOf(scope, name);
    await this.inTurn(file, async () => {
      if (!(await this.rejuvenate(file))) await this.write(file, bytes);
    });
  }

  async get(scope: BlobScope, name: string): Promise<Uint8Array | null> {
    checkBlob(scope, name);
    return answer(async () => new Uint8Array(await readFile(this.fileOf(scope, name))), null);
  }

  async delete(scope: BlobScope, name: string, options: { readonly putBefore?: number } = {}): Promise<boolean> {
    checkBlob(scope, name);
    const { putBefore = Number.POSITIVE_INFINITY } = options;
    const file = this.fileOf(scope, name);
    return this.inTurn(file, () =>
      answer(async () => {
        if (Math.round((await stat(file)).mtimeMs) >= putBefore) return false;
        await unlink(file);
        return true;
      }, false),
    );
  }

  async list(
    scope: BlobScope,
    options: { readonly putBefore?: number; readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly BlobEntry[]> {
    checkBlobNamespace(scope.namespace);
    const { putBefore = Number.POSITIVE_INFINITY, after = "", limit = MAX_BLOBS_LISTED } = options;
    const folder = this.folderOf(scope);
    const found: BlobEntry[] = [];
    for (const part of await foldersIn(folder)) {
      if (part < after.slice(0, 2)) continue;
      for (const name of (await namesIn(join(folder, part))).toSorted()) {
        if (name <= after) continue;
        const file = join(folder, part, name);
        const putAt = await answer(async () => Math.round((await stat(file)).mtimeMs), null);
        if (name.endsWith(TEMPORARY)) {
          // Left by a crash: nobody writes for as long as a sweep looks back.
          if (options.putBefore !== undefined && putAt !== null && putAt < putBefore) await rm(file, { force: true });
          continue;
        }
        // Left by another program (.DS_Store, .nfs…): not ours to sweep.
        if (!isBlobName(name) || !name.startsWith(part)) continue;
        if (putAt !== null && putAt < putBefore) found.push({ name, putAt });
        if (found.length >= Math.min(limit, MAX_BLOBS_LISTED)) return found;
      }
    }
    return found;
  }

  async tenants(namespace: string): Promise<readonly string[]> {
    checkBlobNamespace(namespace);
    const tenants: string[] = [];
    for (const folder of await foldersIn(this.directory)) {
      if (!TENANT_FOLDER.test(folder)) continue;
      const tenantId = decodeFolder(folder);
      if ((await this.list({ tenantId, namespace }, { limit: 1 })).length > 0) tenants.push(tenantId);
    }
    return tenants.toSorted();
  }

  /** False when there is nothing to make young. */
  private rejuvenate(file: string): Promise<boolean> {
    return answer(async () => {
      const now = this.clock.now() / 1000;
      await utimes(file, now, now);
      return true;
    }, false);
  }

  private async write(file: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(file);
    this.temporaries += 1;
    const temporary = `${file}.${process.pid}.${this.temporaries}${TEMPORARY}`;
    try {
      await makeFolder(folder);
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(bytes);
        const now = this.clock.now() / 1000;
        await handle.utimes(now, now);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await syncFolder(folder);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const failure = unavailable(error);
      this.onFailure(failure);
      throw failure;
    }
  }

  /** Looking at a file's age and deleting it are two calls, between which nobody may make it young. */
  private async inTurn<T>(file: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(file) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(file, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(file) === mine) this.turns.delete(file);
    }
  }

  private folderOf({ tenantId, namespace }: BlobScope): string {
    return join(this.directory, encodeFolder(tenantId), namespace);
  }

  private fileOf(scope: BlobScope, name: string): string {
    return join(this.folderOf(scope), name.slice(0, 2), name);
  }
}

/**
 * A name of a folder for any tenant: what is not a lower-case letter, a digit or a hyphen is written as the hexadecimal
 * digits of its UTF-8 bytes, so that no two share a folder, also where file systems take A for a, and none leads out of it.
 */
const encodeFolder = (tenantId: string): string =>
  `t-${[...Buffer.from(tenantId)].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `_${byte.toString(16).padStart(2, "0")}`)).join("")}`;

const isPlain = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;

const decodeFolder = (folder: string): string => {
  const bytes = folder
    .slice(2)
    .replace(
      /_([0-9a-f]{2})|(.)/g,
      (_, hex: string | undefined, plain: string | undefined) =>
        hex ?? (plain ?? "").charCodeAt(0).toString(16).padStart(2, "0"),
    );
  return Buffer.from(bytes, "hex").toString("utf8");
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

const unavailable = (thrown: unknown): PlatformError => {
  const cause = asDiskFull(thrown);
  if (PlatformError.is(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PlatformError("STORE_UNAVAILABLE", `the folder of blobs did not answer: ${message}`, { cause });
};

/** `absent` when the file, or a folder on the way to it, is not there. */
const answer = async <T, Absent>(ask: () => Promise<T>, absent: Absent): Promise<T | Absent> => {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error)) return absent;
    throw unavailable(error);
  }
};

const namesIn = (folder: string): Promise<readonly string[]> => answer(() => readdir(folder), []);

const foldersIn = async (folder: string): Promise<readonly string[]> =>
  (await answer(() => readdir(folder, { withFileTypes: true }), []))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();

/** Every folder that is made here is on disk in the one above it. */
const makeFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first) return;
  }
};

export const createFileBlobStore = (options: FileBlobStoreOptions): BlobStore => new FileBlobStore(options);

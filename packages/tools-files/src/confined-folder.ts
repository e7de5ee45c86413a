/**
 * The files below one folder, and no others. A path is walked name by name from an opened folder, each opened without following a link, so that nobody who
 * changes folders meanwhile leads it out: Node has no `openat`, but a path through `/proc/self/fd/N` is one. Where there is no `/proc` (macOS), what was opened is
 * compared with where it lies, which another process that changes folders at the right instants can get past.
 */
import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, opendir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { isHiddenName, isPlainName, judgePath, MAX_DEPTH, quoted } from "./judge-path.ts";

export interface ConfinedFolderOptions {
  /** Opens names that begin with a dot, and those under which keys lie (`*.pem`, `id_rsa` …). @default false: they are not there */
  readonly hidden?: boolean | undefined;
  /** Where opened files have paths; null: nowhere. @default what the machine has */
  readonly descriptors?: string | null | undefined;
}

export interface FolderEntry {
  /** From the folder on, with "/". */
  readonly path: string;
  /** Links and what is neither file nor folder are named and never opened. */
  readonly kind: "file" | "folder" | "link" | "other";
}

export interface FileState {
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Another one means that the file may have changed. */
  readonly version: string;
}

export interface OpenedFile extends FileState {
  readonly handle: FileHandle;
}

/** A folder under way; `at` leads to it whatever happens to its name. */
export interface OpenedFolder {
  readonly at: string;
  readonly handle: FileHandle;
}

/** The folder of a file, which need not be there. */
export interface OpenedParent extends OpenedFolder {
  readonly name: string;
  openFile<Result>(use: (file: OpenedFile) => Promise<Result>): Promise<Result>;
}

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Files and folders that are looked at; one more is TOO_LARGE. */
  readonly maxEntries: number;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
// Without O_NONBLOCK, opening a pipe waits for who writes into it.
const FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const DESCRIPTORS = "/proc/self/fd";
const AT_ONCE = 64;

export class ConfinedFolder {
  /** Absolute, as it was named: it may be a link, which is followed anew each time. */
  readonly root: string;
  private readonly allowsHidden: boolean;
  private readonly descriptors: string | null;

  constructor(root: string, { hidden = false, descriptors }: ConfinedFolderOptions = {}) {
    this.root = resolve(root);
    this.allowsHidden = hidden;
    this.descriptors = descriptors === undefined ? (existsSync(DESCRIPTORS) ? DESCRIPTORS : null) : descriptors;
  }

  /**
   * Hands the file to `use`, and closes it after. Throws NOT_FOUND, INVALID_ARGUMENT for what is no file, PERMISSION_DENIED for links and what is kept from agents.
   */
  async openFile<Result>(path: string, use: (file: OpenedFile) => Promise<Result>): Promise<Result> {
    return this.inParent(path, {}, ({ openFile }) => openFile(use));
  }

  /** What stands in a folder, by name. Throws TOO_LARGE past `maxEntries`. */
  async list(path: string, maxEntries: number): Promise<readonly FolderEntry[]> {
    const names = judgePath(path, this.allowsHidden);
    return this.inFolder(names, path, ({ at }) => this.entriesOf(at, names.join("/"), maxEntries));
  }

  /**
   * All files below a folder, by name. Links are passed over, and folders that are too deep, may not be read or have gone; whatever else cannot be looked at
   * is UPSTREAM_FAILED, as files that are not named would be taken for files that are not there.
   */
  async *walk(
    path: string,
    { signal, maxEntries }: WalkOptions,
  ): AsyncGenerator<{ readonly path: string } & FileState> {
    const names = judgePath(path, this.allowsHidden);
    const folder = await this.openFolder(names, path);
    const left = { entries: maxEntries };
    try {
      yield* this.walkFrom(folder, names.join("/"), names.length, left, signal);
    } catch (error) {
      throw failureOf(error, path);
    } finally {
      await folder.handle.close();
    }
  }

  /**
   * Hands the folder of a file to `use`, with the file's name: what is done to that name below `at` is done there. Folders that are missing are made on the way
   * if `makesFolders`.
   */
  async inParent<Result>(
    path: string,
    { makesFolders = false }: { readonly makesFolders?: boolean },
    use: (parent: OpenedParent) => Promise<Result>,
  ): Promise<Result> {
    const names = judgePath(path, this.allowsHidden);
    const name = names.at(-1);
    if (name === undefined) throw new PlatformError("INVALID_ARGUMENT", `path ${quoted(path)}: expected a file`);
    return this.inFolder(
      names.slice(0, -1),
      path,
      (folder) => use({ ...folder, name, openFile: (useFile) => this.withFile(folder.at, name, path, useFile) }),
      makesFolders,
    );
  }

  private async withFile<Result>(
    at: string,
    name: string,
    path: string,
    use: (file: OpenedFile) => Promise<Result>,
  ): Promise<Result> {
    try {
      const handle = await this.openAt(at, name, path);
      try {
        return await use({ ...stateOf(await handle.stat({ bigint: true })), handle });
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw failureOf(error, path);
    }
  }

  private async inFolder<Result>(
    names: readonly string[],
    path: string,
    use: (folder: OpenedFolder) => Promise<Result>,
    makesFolders = false,
  ): Promise<Result> {
    const folder = await this.openFolder(names, path, makesFolders);
    try {
      return await use(folder);
    } catch (error) {
      throw failureOf(error, path);
    } finally {
      await folder.handle.close();
    }
  }

  private async *walkFrom(
    { at }: OpenedFolder,
    prefix: string,
    depth: number,
    left: { entries: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly path: string } & FileState> {
    const entries = await this.entriesOf(at, prefix, left.entries);
    left.entries -= entries.length;
    for (let start = 0; start < entries.length; start += AT_ONCE) {
      signal?.throwIfAborted();
      const some = entries.slice(start, start + AT_ONCE);
      const states = await Promise.all(
        some.map(({ path, kind }) => (kind === "file" ? lstatOrNull(join(at, nameOf(path))) : Promise.resolve(null))),
      );
      for (const [index, { path, kind }] of some.entries()) {
        const state = states[index];
        if (state?.isFile() === true) yield { path, ...stateOf(state) };
        if (kind !== "folder" || depth + 1 >= MAX_DEPTH) continue;
        const child = await this.childOf(at, nameOf(path), path).catch((error: unknown) => passedOver(error, path));
        if (child === null) continue;
        try {
          yield* this.walkFrom(child, path, depth + 1, left, signal);
        } finally {
          await child.handle.close();
        }
      }
    }
  }

  private async entriesOf(at: string, prefix: string, maxEntries: number): Promise<readonly FolderEntry[]> {
    const entries: FolderEntry[] = [];
    for await (const entry of await opendir(at)) {
      if (!isPlainName(entry.name) || (!this.allowsHidden && isHiddenName(entry.name))) continue;
      if (entries.length >= maxEntries)
        throw new PlatformError(
          "TOO_LARGE",
          `${quoted(prefix || ".")} has more than the ${maxEntries} files that are looked at`,
        );
      const kind = entry.isFile() ? "file" : entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : "other";
      entries.push({ path: prefix === "" ? entry.name : `${prefix}/${entry.name}`, kind });
    }
    return entries.sort((left, right) => (left.path < right.path ? -1 : 1));
  }

  private async openFolder(names: readonly string[], path: string, makesFolders = false): Promise<OpenedFolder> {
    let folder = await this.openRoot();
    for (const name of names) {
      try {
        if (makesFolders) await mkdir(join(folder.at, name)).catch(unlessThere);
        const child = await this.childOf(folder.at, name, path);
        await folder.handle.close();
        folder = child;
      } catch (error) {
        await folder.handle.close();
        throw failureOf(error, path);
      }
    }
    return folder;
  }

  private async openRoot(): Promise<OpenedFolder> {
    try {
      return await this.opened(await realpath(this.root), FOLDER, ".");
    } catch (error) {
      // Not told where it lies: a model reads this.
      throw new PlatformError(
        "NOT_FOUND",
        `the folder of these tools cannot be opened: ${codeOf(error) ?? "it is none"}`,
        {
          cause: error,
        },
      );
    }
  }

  private async childOf(at: string, name: string, path: string): Promise<OpenedFolder> {
    const child = join(at, name);
    if ((await lstat(child)).isSymbolicLink()) throw isLink(path);
    return this.opened(child, FOLDER, path);
  }

  private async openAt(at: string, name: string, path: string): Promise<FileHandle> {
    const file = join(at, name);
    // Before it is opened, since opening a device can do something.
    const before = await lstat(file);
    if (before.isSymbolicLink()) throw isLink(path);
    if (!before.isFile()) throw isNoFile(path, before.isDirectory());
    const { handle } = await this.opened(file, FILE, path);
    const after = await handle.stat();
    if (after.isFile()) return handle;
    await handle.close();
    throw isNoFile(path, after.isDirectory());
  }

  private async opened(place: string, flags: number, path: string): Promise<OpenedFolder> {
    const handle = await open(place, flags);
    if (this.descriptors !== null) return { handle, at: `${this.descriptors}/${handle.fd}` };
    try {
      const [own, there] = [await handle.stat({ bigint: true }), await lstat(place, { bigint: true })];
      if ((await realpath(place)) !== place || own.ino !== there.ino || own.dev !== there.dev) throw isLink(path);
      return { handle, at: place };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const stateOf = (stats: {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}): FileState => ({
  bytes: Number(stats.size),
  modifiedMs: Number(stats.mtimeNs / 1_000_000n),
  version: `${stats.ino}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}`,
});

const unlessThere = (error: unknown): void => {
  if (codeOf(error) !== "EEXIST") throw error;
};

const lstatOrNull = (path: string) => lstat(path, { bigint: true }).catch(() => null);

const passedOver = (error: unknown, path: string): null => {
  const failure = failureOf(error, path);
  if (PlatformError.is(failure) && (failure.code === "PERMISSION_DENIED" || failure.code === "NOT_FOUND")) return null;
  throw failure;
};

const isLink = (path: string): PlatformError =>
  new PlatformError("PERMISSION_DENIED", `${quoted(path)}: a link, and links are not followed`);
const isNoFile = (path: string, isFolder: boolean): PlatformError =>
  new PlatformError(
    "INVALID_ARGUMENT",
    `${quoted(path)} is ${isFolder ? "a folder" : "a device, a pipe or a socket"}, not a file`,
  );

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** What the system said, without the paths that it names. */
const failureOf = (error: unknown, path: string): unknown => {
  const code = PlatformError.is(error) ? undefined : codeOf(error);
  switch (code) {
    case undefined:
      return error;
    case "ENOENT":
      return new PlatformError("NOT_FOUND", `there is no ${quoted(path)}`);
    case "ENOTDIR":
      return new PlatformError("NOT_FOUND", `there is no ${quoted(path)}: a name in it is no folder`);
    case "ELOOP":
    case "EMLINK":
      return isLink(path);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new PlatformError("PERMISSION_DENIED", `${quoted(path)}: the node's user may not (${code})`);
    case "EEXIST":
      return new PlatformError("CONFLICT", `${quoted(path)} was made meanwhile`);
    case "ENAMETOOLONG":
      return new PlatformError("INVALID_ARGUMENT", `${quoted(path)}: a name is too long`);
    default:
      return new PlatformError("UPSTREAM_FAILED", `${quoted(path)}: the file system said ${code}`, { cause: error });
  }
};

import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import { ConfinedFolder } from "./confined-folder.ts";
import { contentHash, FileWriter } from "./file-writer.ts";
import { listFiles } from "./list-files.ts";
import { readBounded } from "./read-bounded.ts";
import { readLines } from "./read-lines.ts";
import { readText } from "./read-text.ts";
import { searchFiles } from "./search-files.ts";

export interface FileToolsOptions {
  /** Files in it and in the folders below it are all that there is. Relative to where the process was started. */
  readonly root: string;
  /** Also `write_file`, `edit_file` and `delete_file`. @default false */
  readonly write?: boolean | undefined;
  /** Also names that begin with a dot, or under which keys lie. @default false */
  readonly hidden?: boolean | undefined;
  /** Put before the names of the tools, for an agent with several roots: "reports" makes `reports_read_file`. @default none */
  readonly name?: string | undefined;
  /** What the files are, for the model. @default "files" */
  readonly description?: string | undefined;
  /** Of a file that is read, searched or written. @default 5 MiB, at most 100 MiB */
  readonly maxFileBytes?: number | undefined;
  /** A scope that whoever asks must have to list, read and search. @default none */
  readonly permission?: string | undefined;
  /** The same to write, edit and delete. @default "files:write" */
  readonly writePermission?: string | undefined;
}

const MEBIBYTE = 1024 * 1024;
const DEFAULT_FILE_BYTES = 5 * MEBIBYTE;
const MOST_FILE_BYTES = 100 * MEBIBYTE;
const MAX_CHARACTERS = 40_000;
const MAX_LINES = 1_000;
const MAX_LISTED = 1_000;
const MAX_MATCHES = 200;
const MAX_EDIT = 100_000;

const Path = z.string().min(1).max(4_096).describe('relative, with "/" between names');
const Folder = z.string().max(4_096).default("").describe("a folder to look in");
const Pattern = z.string().min(1).max(500).describe('such as *.md or reports/**/2026-*.csv: "*", "?" and "**"');
const Hash = z.string().length(16).describe("of the content to be replaced, as read_file told it");

/** `list_files`, `read_file` and `search_files`, and with `write` those that change files. */
export const fileTools = (options: FileToolsOptions): readonly Tool[] => {
  const { root, write = false, hidden, description = "files", maxFileBytes = DEFAULT_FILE_BYTES } = options;
  if (!Number.isInteger(maxFileBytes) || maxFileBytes < 1 || maxFileBytes > MOST_FILE_BYTES)
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `fileTools: maxFileBytes: expected a whole number from 1 to ${MOST_FILE_BYTES}, got ${maxFileBytes}`,
    );
  const folder = new ConfinedFolder(root, { hidden });
  const named = (name: string): string => (options.name === undefined ? name : `${options.name}_${name}`);
  const reading = { readOnly: true, permission: options.permission };
  const reads = [
    tool({
      ...reading,
      name: named("list_files"),
      description: `Lists ${description}: what stands in a folder, or with a pattern all files below it that it fits.`,
      input: z.object({
        path: Folder,
        pattern: Pattern.optional(),
        limit: z.int().min(1).max(MAX_LISTED).default(200),
      }),
      execute: ({ path, ...more }, { signal }) => listFiles(folder, path, { ...more, signal }),
    }),
    tool({
      ...reading,
      name: named("read_file"),
      description: `Reads lines of one of ${description}, with the hash of its content.`,
      input: z.object({
        path: Path,
        fromLine: z.int().min(1).default(1),
        fromCharacter: z.int().min(0).default(0).describe("of that line, where an earlier answer ended within one"),
        lines: z.int().min(1).max(MAX_LINES).default(200),
      }),
      async execute({ path, ...range }, { signal }) {
        const bytes = await folder.openFile(path, (file) =>
          readBounded(file, path, { maxBytes: maxFileBytes, signal }),
        );
        const text = readText(bytes);
        const read = readLines({ text }, { ...range, maxCharacters: MAX_CHARACTERS });
        if (range.fromLine > Math.max(1, read.totalLines))
          throw new PlatformError("INVALID_ARGUMENT", `"${path}" has ${read.totalLines} lines`);
        return { path, bytes: bytes.length, hash: contentHash(bytes), ...read };
      },
    }),
    tool({
      ...reading,
      name: named("search_files"),
      description: `Finds lines in ${description} that have a text, letter by letter.`,
      input: z.object({
        text: z.string().min(1).max(1_000).describe("literally, within one line"),
        ignoreCase: z.boolean().default(false),
        path: Folder,
        pattern: Pattern.optional().describe("of the files to search"),
        limit: z.int().min(1).max(MAX_MATCHES).default(50),
      }),
      execute: ({ path, ...more }, { signal }) => searchFiles(folder, path, { ...more, maxFileBytes, signal }),
    }),
  ];
  if (!write) return reads as readonly Tool[];
  const writer = new FileWriter(folder, maxFileBytes);
  const permission = options.writePermission ?? "files:write";
  const content = z.string().max(maxFileBytes);
  return [
    ...reads,
    tool({
      permission,
      // The hash makes it so: a second call finds the content that the first has written.
      idempotent: true,
      name: named("write_file"),
      description: `Writes the whole of one of ${description}: a new one, or instead of the one that \`replaces\` is the hash of.`,
      input: z.object({ path: Path, content, replaces: Hash.optional() }),
      execute: ({ path, content: text, replaces }, { signal }) => writer.write(path, text, { replaces, signal }),
    }),
    tool({
      permission,
      name: named("edit_file"),
      description: `Puts a text in the place of another within one of ${description}. The old text must stand there exactly once, unless \`all\` is said.`,
      input: z.object({
        path: Path,
        old: z.string().min(1).max(MAX_EDIT),
        new: z.string().max(MAX_EDIT),
        all: z.boolean().default(false),
      }),
      execute: ({ path, old, new: by, all }, { signal }) => writer.edit(path, { old, by, all, signal }),
    }),
    tool({
      permission,
      idempotent: true,
      name: named("delete_file"),
      description: `Deletes one of ${description}, if its content still has the hash.`,
      input: z.object({ path: Path, hash: Hash }),
      execute: ({ path, hash }, { signal }) => writer.delete(path, { hash, signal }),
    }),
  ] as readonly Tool[];
};

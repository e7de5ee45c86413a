/** What `--input` may be: JSON, `@file`, `@-` (stdin), a folder, or plain text. */
import { existsSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { failure } from "./failure.ts";
import { parseYaml } from "./parse-yaml.ts";
import { UsageError } from "./usage-error.ts";

// What a node takes in one request; said here, before megabytes are sent.
const MAX_BYTES = 10 * 1024 * 1024;

interface InputContext {
  readonly cwd: string;
  readonly readStdin: () => Promise<string>;
}

/** A folder becomes `{ directory }` with its absolute path: the agent reads it where the node runs. */
export const readInput = async (text: string, { cwd, readStdin }: InputContext): Promise<unknown> => {
  if (text === "@-") return jsonOrText(bounded(await readStdin(), "the standard input"));
  if (text.startsWith("@")) return readInputFile(resolve(cwd, text.slice(1)));
  const path = resolve(cwd, text);
  if (looksLikePath(text)) {
    const kind = pathKind(path);
    if (kind === "folder") return { directory: path };
    if (/^\.{0,2}\//.test(text) && !/\s/.test(text)) {
      throw new UsageError(
        kind === "file"
          ? `--input ${text} is a file: write @${text} to send its content`
          : `--input ${text}: no such folder`,
      );
    }
  }
  return jsonOrText(text);
};

// A path longer than this is refused by every file system we run on; a text of any length must not be asked about.
const looksLikePath = (text: string): boolean =>
  text.length > 0 && text.length < 4096 && !text.includes("\0") && !text.includes("\n");

const pathKind = (path: string): "folder" | "file" | undefined => {
  if (!existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? "folder" : "file";
};

const readInputFile = async (path: string): Promise<unknown> => {
  let content: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw tooLarge(path, size);
    content = await readFile(path, "utf8");
  } catch (error) {
    if (PlatformError.is(error)) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new UsageError(`cannot read ${path}: there is no such file`);
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  switch (extname(path)) {
    case ".json":
      return parseJson(content, path);
    case ".yaml":
    case ".yml":
      return parseYaml(content, path);
    default:
      return content;
  }
};

const bounded = (text: string, where: string): string => {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw tooLarge(where, bytes);
  return text;
};

const tooLarge = (where: string, bytes: number): PlatformError =>
  failure(
    "TOO_LARGE",
    `${where} has ${bytes} bytes, a node takes ${MAX_BYTES}`,
    "Give the agent the name of the file, or of its folder, instead of its content.",
  );

const jsonOrText = (text: string): unknown => {
  // What begins like an object or a list was meant as JSON: sent as text, its typing error would surface far away.
  if (/^\s*[[{]/.test(text)) return parseJson(text, "--input");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const parseJson = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${where} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

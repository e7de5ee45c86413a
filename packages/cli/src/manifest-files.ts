/** Manifests on disk: which files hold them, what is in them, and where their code lies. */
import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { failure } from "./failure.ts";

/** A document as it was read: the node checks it against the schema and names each wrong field. */
export interface ManifestDocument {
  readonly file: string;
  /** 1 for the first line of the file. */
  readonly line: number;
  /** With `spec.code.path` made absolute. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

const MANIFEST_FILE = /(^agentcore|\.agent|\.model)\.(yaml|yml|json)$/;
// A wrong folder, such as a home folder, must end in a sentence and not in a long silence.
const MAX_DEPTH = 12;
const MAX_ENTRIES = 20_000;

/** Skipped when folders are searched or watched. */
export const isSkippedFolder = (name: string): boolean => name === "node_modules" || name.startsWith(".");

/** Files as given, folders searched. In the order given, names sorted within a folder. Throws when there is none. */
export const findManifestFiles = async (paths: readonly string[], cwd: string): Promise<readonly string[]> => {
  const found = new Set<string>();
  for (const path of paths) {
    const absolute = resolve(cwd, path);
    if (!existsSync(absolute))
      throw failure("NOT_FOUND", `${path} does not exist`, "Give a manifest file, or a folder that holds some.");
    const files = (await stat(absolute)).isDirectory() ? await searchFolder(absolute) : [absolute];
    if (files.length === 0) {
      throw failure(
        "NOT_FOUND",
        `no manifest below ${path}`,
        "Manifests are files named *.agent.yaml, *.model.yaml or agentcore.yaml (also .yml, .json).",
      );
    }
    for (const file of files) found.add(file);
  }
  return [...found];
};

const searchFolder = async (root: string): Promise<readonly string[]> => {
  const files: string[] = [];
  let entryCount = 0;
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => a.name.localeCompare(b.name));
    entryCount += entries.length;
    if (entryCount > MAX_ENTRIES) {
      throw failure(
        "TOO_LARGE",
        `${root} holds more than ${MAX_ENTRIES} files and folders`,
        "Give the folder that holds the manifests.",
      );
    }
    for (const entry of entries) {
      if (entry.isFile() && MANIFEST_FILE.test(entry.name)) files.push(join(folder, entry.name));
      else if (isSearched(entry) && depth < MAX_DEPTH) await visit(join(folder, entry.name), depth + 1);
    }
  };
  await visit(root, 0);
  return files;
};

// A symbolic link is no directory here, so that links cannot lead in circles or out of the folder.
const isSearched = (entry: Dirent): boolean => entry.isDirectory() && !isSkippedFolder(entry.name);

/** Throws PARSE_ERROR with `file:line:column` for text that is not YAML or JSON, or holds something else than objects. */
export const readManifests = async (paths: readonly string[], cwd: string): Promise<readonly ManifestDocument[]> => {
  const files = await findManifestFiles(paths, cwd);
  const documents = await Promise.all(
    files.map(async (file) => parseManifests(await readFile(file, "utf8"), file, relative(cwd, file) || file)),
  );
  return documents.flat();
};

export const parseManifests = async (
  text: string,
  file: string,
  shownAs: string,
): Promise<readonly ManifestDocument[]> => {
  const documents = await parseDocuments(text, shownAs);
  return documents.map(({ value, line }) => {
    if (!isRecord(value))
      throw parseError(`${shownAs}:${line}: expected a manifest with apiVersion, kind, metadata and spec`);
    return { file, line, manifest: withAbsoluteCode(value, dirname(file)) };
  });
};

/** One YAML (or JSON) value. Throws PARSE_ERROR with the place. */
export const parseYaml = async (text: string, shownAs: string): Promise<unknown> =>
  (await parseDocuments(text, shownAs))[0]?.value ?? null;

// JSON is YAML 1.2, so one parser reads both and names the line in both.
const parseDocuments = async (text: string, shownAs: string): Promise<readonly { value: unknown; line: number }[]> => {
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  return [...parsed].flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      throw parseError(`${shownAs}:${line}:${col}: ${error.message}`);
    }
    const { line } = lineCounter.linePos(document.contents?.range?.[0] ?? 0);
    try {
      // Few aliases are legitimate in a manifest; thousands are a bomb.
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      // A document of nothing but comments separates, it declares nothing.
      return value === null ? [] : [{ value, line }];
    } catch (cause) {
      throw parseError(`${shownAs}:${line}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  });
};

const parseError = (message: string): PlatformError =>
  new PlatformError("PARSE_ERROR", message, {
    details: { nextStep: "Put the file right, then run the command again." },
  });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const withAbsoluteCode = (
  manifest: Readonly<Record<string, unknown>>,
  folder: string,
): Readonly<Record<string, unknown>> => {
  const spec = manifest["spec"];
  if (!isRecord(spec) || !isRecord(spec["code"])) return manifest;
  const path = spec["code"]["path"];
  if (typeof path !== "string" || path === "") return manifest;
  return { ...manifest, spec: { ...spec, code: { ...spec["code"], path: resolve(folder, path) } } };
};

/** The manifest of the agent `name`, if it is among them. */
export const findAgent = (documents: readonly ManifestDocument[], name: string): ManifestDocument | undefined =>
  documents.find(
    ({ manifest }) =>
      manifest["kind"] === "Agent" && isRecord(manifest["metadata"]) && manifest["metadata"]["name"] === name,
  );

const DEFAULT_INPUT_ANNOTATION = "agentcore.dev/default-input";

/** The input an agent's manifest suggests; a relative path of an existing folder or file is taken from the manifest. */
export const defaultInputOf = (document: ManifestDocument): string | undefined => {
  const metadata = document.manifest["metadata"];
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  const value = isRecord(annotations) ? annotations[DEFAULT_INPUT_ANNOTATION] : undefined;
  if (typeof value !== "string") return undefined;
  const path = resolve(dirname(document.file), value);
  return existsSync(path) ? path : value;
};

/** Folder or file of the agent's code, absolute. */
export const codePathOf = (document: ManifestDocument): string | undefined => {
  const spec = document.manifest["spec"];
  const code = isRecord(spec) ? spec["code"] : undefined;
  const path = isRecord(code) ? code["path"] : undefined;
  return typeof path === "string" ? path : undefined;
};

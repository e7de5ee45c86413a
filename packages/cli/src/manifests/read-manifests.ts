/** Manifests on disk as the node is given them. */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { isRecord } from "../is-record.ts";
import { parseError, parseYamlDocuments } from "../parse-yaml.ts";
import { DEFAULT_INPUT_ANNOTATION } from "./default-input.ts";
import { findManifestFiles } from "./find-manifest-files.ts";

// A parser of YAML takes seconds for megabytes, and a file of that size in a folder of manifests is something else.
const MAX_FILE_BYTES = 1024 * 1024;

/** A document as it was read: the node checks it against the schema and names each wrong field. */
export interface ManifestDocument {
  readonly file: string;
  /** 1 for the first line of the file. */
  readonly line: number;
  /** With the paths in it made absolute: the node does not know the file. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Throws PARSE_ERROR with `file:line:column` for text that is not YAML or JSON, or holds something else than objects. */
export const readManifests = async (paths: readonly string[], cwd: string): Promise<readonly ManifestDocument[]> => {
  const files = await findManifestFiles(paths, cwd);
  const documents = await Promise.all(
    files.map(async (file) => {
      const shownAs = relative(cwd, file) || file;
      const { size } = await stat(file);
      if (size > MAX_FILE_BYTES)
        throw new PlatformError("TOO_LARGE", `${shownAs} has ${size} bytes, ${MAX_FILE_BYTES} are read; split it`);
      return parseManifests(await readFile(file, "utf8"), file, shownAs);
    }),
  );
  return documents.flat();
};

export const parseManifests = async (
  text: string,
  file: string,
  shownAs: string,
): Promise<readonly ManifestDocument[]> => {
  const documents = await parseYamlDocuments(text, shownAs);
  return documents.map(({ value, line }) => {
    if (!isRecord(value))
      throw parseError(`${shownAs}:${line}: expected a manifest with apiVersion, kind, metadata and spec`);
    return { file, line, manifest: withAbsolutePaths(value, dirname(file)) };
  });
};

type Json = Readonly<Record<string, unknown>>;

/** `spec.code.path`, and a default input that names something beside the manifest. */
const withAbsolutePaths = (manifest: Json, folder: string): Json => {
  const { metadata, spec } = manifest;
  return {
    ...manifest,
    ...(isRecord(metadata) && { metadata: withAbsoluteInput(metadata, folder) }),
    ...(isRecord(spec) && { spec: withAbsoluteCode(spec, folder) }),
  };
};

const withAbsoluteInput = (metadata: Json, folder: string): Json => {
  const { annotations } = metadata;
  const input = isRecord(annotations) ? annotations[DEFAULT_INPUT_ANNOTATION] : undefined;
  if (!isRecord(annotations) || typeof input !== "string" || input === "") return metadata;
  const [, mark = "", name = ""] = /^(@?)(.*)$/s.exec(input) ?? [];
  const path = resolve(folder, name);
  if (name === "" || !existsSync(path)) return metadata;
  return { ...metadata, annotations: { ...annotations, [DEFAULT_INPUT_ANNOTATION]: mark + path } };
};

const withAbsoluteCode = (spec: Json, folder: string): Json => {
  const { code } = spec;
  if (!isRecord(code) || typeof code["path"] !== "string" || code["path"] === "") return spec;
  return { ...spec, code: { ...code, path: resolve(folder, code["path"]) } };
};

/** Folder or file of the agent's code, absolute. */
export const codePathOf = ({ manifest: { spec } }: ManifestDocument): string | undefined => {
  const code = isRecord(spec) ? spec["code"] : undefined;
  const path = isRecord(code) ? code["path"] : undefined;
  return typeof path === "string" ? path : undefined;
};

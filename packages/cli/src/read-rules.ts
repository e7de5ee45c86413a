/** Rules of a migration from a file: YAML or JSON. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { MigrationRules } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { parseError, parseYamlDocuments } from "./parse-yaml.ts";
import { UsageError } from "./usage-error.ts";

const MAX_BYTES = 1024 * 1024;

/** Throws PARSE_ERROR, INVALID_ARGUMENT, TOO_LARGE, a UsageError for a file that is not there. */
export const readRules = async (file: string, cwd: string): Promise<MigrationRules> => {
  const path = resolve(cwd, file);
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) throw new UsageError(`-f ${file}: expected a file with rules, and there is none`);
  if (found.size > MAX_BYTES)
    throw new PlatformError("TOO_LARGE", `${file} has ${found.size} bytes, ${MAX_BYTES} are read`);
  const { MigrationRules: Rules, parseInput } = await import("@agentcore/contract");
  const [rules, second] = await parseYamlDocuments(await readFile(path, "utf8"), file);
  if (second !== undefined)
    throw parseError(`${file}:${second.line}: expected one document with rules, here begins another`);
  return parseInput(Rules, rules?.value ?? null, `the file ${file} with rules`);
};

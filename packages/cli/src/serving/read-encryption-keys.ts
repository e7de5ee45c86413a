/** The keys that seal what a node stores, from a file or a variable. What is wrong with a key itself the node says. */
import { failure } from "../failure.ts";
import { readSecretFile } from "./read-secret-file.ts";

const VARIABLE = "AGENTCORE_ENCRYPTION_KEYS";

/**
 * `NAME:KEY` entries, and `sealed-only`: a line each in the file, between commas in the variable; lines that begin with # do not count.
 * Throws CONFIG_INVALID: both are set, the file cannot be read, others may read it, or it holds no key.
 */
export const readEncryptionKeys = async (
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> => {
  const variable = environment[VARIABLE] ?? "";
  if (file === undefined) return entriesOf(variable.split(","));
  if (variable !== "")
    throw failure(
      "CONFIG_INVALID",
      `encryption keys come from ${VARIABLE} and from ${file}; the order of all keys decides which one seals`,
      `Keep one of the two: unset ${VARIABLE}, or leave out --encryption-keys and AGENTCORE_ENCRYPTION_KEYS_FILE.`,
    );
  const entries = entriesOf((await readSecretFile(file)).split(/\r?\n/));
  // The node would start without encryption, and nobody would notice.
  if (entries.length === 0)
    throw failure(
      "CONFIG_INVALID",
      `${file} holds no key`,
      `Write NAME:KEY into it, the key made with "openssl rand -base64 32".`,
    );
  return entries;
};

const entriesOf = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));

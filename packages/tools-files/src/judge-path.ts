import { PlatformError } from "@agentcore/contract/errors";

const MAX_PATH = 4096;
export const MAX_DEPTH = 32;
// Controls, ends of lines, what turns the direction of reading, and what stands for bytes that are no text.
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/u;
/** Names under which keys and passwords lie in files that do not begin with a dot. */
const SECRET =
  /^(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)|_netrc|credentials(?:\.json)?|service-account.*\.json|secrets?\.(?:json|ya?ml|toml|env)|.*\.env)$/i;

/** Whether a name is one that agents are kept from unless the operator says otherwise. */
export const isHiddenName = (name: string): boolean => name.startsWith(".") || SECRET.test(name);

/** Whether a file of that name can be named in a call. */
export const isPlainName = (name: string): boolean => !UNSAFE.test(name) && !name.includes("\\");

/** The names along a relative path, "." being none; throws INVALID_ARGUMENT for what is no path below a folder, PERMISSION_DENIED for hidden names. */
export const judgePath = (path: string, allowsHidden: boolean): readonly string[] => {
  if (path.length > MAX_PATH) throw refusePath(path, `expected up to ${MAX_PATH} characters`);
  if (UNSAFE.test(path)) throw refusePath(path, "expected no control characters");
  if (path.includes("\\")) throw refusePath(path, 'expected "/" between names');
  if (path.startsWith("/") || /^[a-z]:/i.test(path)) throw refusePath(path, "expected a path relative to the folder");
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw refusePath(path, 'expected no ".."');
  if (names.length > MAX_DEPTH) throw refusePath(path, `expected up to ${MAX_DEPTH} folders`);
  const hidden = allowsHidden ? undefined : names.find(isHiddenName);
  if (hidden !== undefined)
    throw new PlatformError("PERMISSION_DENIED", `${quoted(path)}: ${quoted(hidden)} is kept from agents`);
  return names;
};

const refusePath = (path: string, expected: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `path ${quoted(path)}: ${expected}`);

const MAX_SHOWN = 200;

/** A path as errors show it: on one line, and no longer than anybody reads. */
export const quoted = (path: string): string =>
  JSON.stringify(path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path);

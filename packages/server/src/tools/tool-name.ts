const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/**
 * What models call a tool by: the manifest's name, `__`, and the tool's own, in the letters that model APIs take. One that had to be changed, or cut,
 * ends in a hash of what it was, so that no two become one.
 */
export const toolName = (manifest: string, origin: string, sha256: (text: string) => string): string => {
  const plain = `${manifest}__${origin}`;
  const written = plain.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
  if (written === plain && plain.length <= MAX_LENGTH) return plain;
  const hash = sha256(plain).slice(0, HASH_LENGTH);
  return `${written.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
};

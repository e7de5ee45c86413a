import type { ConfinedFolder, FolderEntry } from "./confined-folder.ts";
import { matchesPattern } from "./glob.ts";

export interface Listed {
  readonly entries: readonly (FolderEntry & { readonly bytes?: number })[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** Files and folders that a call looks at. */
export const MAX_LOOKED_AT = 50_000;

/** By name: one folder, or with a pattern all files below it. */
export const listFiles = async (
  folder: ConfinedFolder,
  path: string,
  {
    pattern,
    limit,
    signal,
  }: { readonly pattern?: string | undefined; readonly limit: number; readonly signal: AbortSignal },
): Promise<Listed> => {
  if (pattern === undefined) {
    const entries = await folder.list(path, MAX_LOOKED_AT);
    return { entries: entries.slice(0, limit), more: entries.length > limit };
  }
  const entries: Listed["entries"][number][] = [];
  for await (const { path: found, bytes } of folder.walk(path, { signal, maxEntries: MAX_LOOKED_AT })) {
    if (!matchesPattern(pattern, found)) continue;
    if (entries.length >= limit) return { entries, more: true };
    entries.push({ path: found, kind: "file", bytes });
  }
  return { entries, more: false };
};

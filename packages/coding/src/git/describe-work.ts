/** What a branch has that its base has not, for people and programs to look at. All of it is data. */
import { PlatformError } from "@agentcore/contract";
import { type GitPlace, git } from "./git.ts";

export interface WorkDescription {
  /** Oldest first; the first hundred. */
  readonly commits: readonly { readonly id: string; readonly subject: string }[];
  /** The first thousand. Lines are null for what is no text. */
  readonly files: readonly { readonly path: string; readonly added: number | null; readonly removed: number | null }[];
  readonly filesChanged: number;
  readonly added: number;
  readonly removed: number;
  /** Symbolic links that lead out of the repository. */
  readonly linksOut: readonly string[];
}

const MAX_COMMITS = 100;
const MAX_FILES = 1_000;
const PLAIN = ["--no-ext-diff", "--no-textconv", "--no-color", "--no-renames"];

export const describeWork = async (
  place: GitPlace,
  { from, to }: { readonly from: string; readonly to: string },
  signal?: AbortSignal,
): Promise<WorkDescription> => {
  const listed = ["log", "--reverse", "-z", "--format=%H %s", "--no-show-signature", `${from}..${to}`];
  const commits = (await git(place, listed, { signal })).stdout.split("\0").filter((line) => line !== "");
  const counted = (await git(place, ["diff", ...PLAIN, "--numstat", "-z", from, to], { signal })).stdout;
  const files = counted.split("\0").flatMap((line) => {
    const [added, removed, path] = splitAtTabs(line);
    return path === undefined ? [] : [{ path, added: countOf(added), removed: countOf(removed) }];
  });
  return {
    commits: commits.slice(0, MAX_COMMITS).map((line) => ({ id: line.slice(0, 40), subject: line.slice(41, 241) })),
    files: files.slice(0, MAX_FILES),
    filesChanged: files.length,
    added: sum(files.map(({ added }) => added)),
    removed: sum(files.map(({ removed }) => removed)),
    linksOut: await linksOut(place, from, to, signal),
  };
};

/** Null: it has more than `maxBytes`. */
export const patchOf = async (
  place: GitPlace,
  { from, to, maxBytes }: { readonly from: string; readonly to: string; readonly maxBytes: number },
  signal?: AbortSignal,
): Promise<string | null> => {
  try {
    return (await git(place, ["diff", ...PLAIN, "--binary", "--full-index", from, to], { signal, maxBytes })).stdout;
  } catch (error) {
    if (PlatformError.is(error) && error.code === "TOO_LARGE") return null;
    throw error;
  }
};

const LINK_MODE = "120000";

const linksOut = async (
  place: GitPlace,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<readonly string[]> => {
  const asked = ["diff", ...PLAIN, "--raw", "-z", "--abbrev=40", "--diff-filter=AMT", from, to];
  const [...words] = (await git(place, asked, { signal })).stdout.split("\0");
  const found: string[] = [];
  for (let at = 0; at + 1 < words.length && found.length < 20; at += 2) {
    const [, mode, , id = ""] = (words[at] ?? "").split(" ");
    const path = words[at + 1] ?? "";
    if (mode !== LINK_MODE) continue;
    const target = (await git(place, ["cat-file", "blob", id], { signal, maxBytes: 65_536 })).stdout;
    if (leadsOut(path, target)) found.push(path);
  }
  return found;
};

/** Whether it may: what goes down and then up again does, since the way down may be a link itself, to a folder from which it is further up than it looks. */
export const leadsOut = (path: string, target: string): boolean => {
  if (target.startsWith("/") || target.includes("\0")) return true;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const down = parts.findIndex((part) => part !== "..");
  const ups = down === -1 ? parts.length : down;
  return ups > path.split("/").length - 1 || parts.indexOf("..", ups) !== -1;
};

const splitAtTabs = (line: string): readonly [string, string, string | undefined] => {
  const [added = "", removed = "", ...path] = line.split("\t");
  return [added, removed, path.length === 0 ? undefined : path.join("\t")];
};
const countOf = (text: string): number | null => (text === "-" ? null : Number(text));
const sum = (counts: readonly (number | null)[]): number => counts.reduce<number>((all, each) => all + (each ?? 0), 0);

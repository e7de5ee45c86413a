/**
 * What a program in a sandbox finds in place of the repository's `.git`: a copy of what git needs there, made anew before each run, with the objects of the real one
 * beneath it, read-only. Whatever the program makes of it, hooks, settings, branches and commits, goes with it: nothing that the node or anybody else runs git on
 * was ever within its reach, and the node never runs git on this.
 */
import { copyFile, lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { invalidArgument } from "@agentcore/contract";
import { type GitPerson, type GitPlace, git } from "../git/git.ts";
import { commitOf } from "../git/open-repository.ts";
import { removeTree } from "../work/remove-tree.ts";

export interface StandInRequest {
  /** Of the real one. */
  readonly commonDir: string;
  /** The worktree, and where git keeps what is its own. */
  readonly place: GitPlace;
  /** Where it is made. */
  readonly folder: string;
  /** Where it lies to the program: the objects of the real one. */
  readonly objects: string;
  /** Branches that it has, by name. */
  readonly branches: Readonly<Record<string, string>>;
  /** Which of them the worktree is on; null: on none. */
  readonly branch: string | null;
  /** Of what the program commits. */
  readonly person: GitPerson;
}

// How files are written, and no program.
const SETTINGS = /^core\.(autocrlf|eol|safecrlf|filemode|ignorecase|symlinks|precomposeunicode|longpaths)$/;
const PLAIN_VALUE = /^[A-Za-z0-9]{0,20}$/;
const MAX_TAGS = 10_000;

/** Throws INVALID_ARGUMENT for a repository that has its objects elsewhere. */
export const makeStandIn = async (request: StandInRequest, signal: AbortSignal): Promise<void> => {
  const { commonDir, place, folder, objects, branch } = request;
  await assertOwnObjects(commonDir);
  const repository: GitPlace = { folder: commonDir, gitDir: commonDir };
  const commit = await commitOf(place, "HEAD", signal);
  if (commit === null) throw refusal("there is no commit in the worktree");
  await removeTree(folder);
  const name = basename(place.gitDir ?? "");
  const own = join(folder, "worktrees", name);
  for (const part of ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "hooks"])
    await mkdir(join(folder, part), { recursive: true });
  await mkdir(own, { recursive: true });
  const branches = { ...request.branches, ...(branch === null ? {} : { [branch]: commit }) };
  const [first = ""] = Object.keys(request.branches);
  const files = {
    HEAD: `ref: refs/heads/${first}\n`,
    config: await settingsOf(repository, request.person, signal),
    "packed-refs": await refsOf(repository, branches, signal),
    "objects/info/alternates": `${objects}\n`,
    [`worktrees/${name}/HEAD`]: branch === null ? `${commit}\n` : `ref: refs/heads/${branch}\n`,
    [`worktrees/${name}/commondir`]: "../..\n",
    [`worktrees/${name}/gitdir`]: `${place.folder}/.git\n`,
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  for (const path of ["info/exclude", "shallow"]) await copyIfThere(join(commonDir, path), join(folder, path));
  await git({ ...place, index: join(own, "index") }, ["read-tree", commit], { signal });
};

const assertOwnObjects = async (commonDir: string): Promise<void> => {
  const objects = join(commonDir, "objects");
  if (!(await lstat(objects)).isDirectory()) throw refusal("its objects are a link to elsewhere");
  const borrows = await lstat(join(objects, "info", "alternates")).then(
    (found) => found.size > 0,
    () => false,
  );
  if (borrows)
    throw refusal(
      "it borrows objects of another repository, which a sandbox does not show: run `git repack -a -d` in it, and remove objects/info/alternates",
    );
};

const settingsOf = async (repository: GitPlace, person: GitPerson, signal: AbortSignal): Promise<string> => {
  const format = (await git(repository, ["rev-parse", "--show-object-format"], { signal })).stdout.trim();
  const asked = ["config", "-z", "--get-regexp", "^core\\."];
  const { stdout } = await git(repository, asked, { signal, accepts: [0, 1] });
  const lines = stdout.split("\0").flatMap((entry) => {
    const at = entry.indexOf("\n");
    const [key, value] = at === -1 ? [entry, "true"] : [entry.slice(0, at), entry.slice(at + 1)];
    return SETTINGS.test(key) && PLAIN_VALUE.test(value) ? [`\t${key.slice("core.".length)} = ${value}`] : [];
  });
  return [
    ...["[core]", `\trepositoryformatversion = ${format === "sha1" ? 0 : 1}`, "\tbare = false", ...lines],
    ...(format === "sha1" ? [] : ["[extensions]", `\tobjectformat = ${format}`]),
    ...["[user]", `\tname = ${quoted(person.name)}`, `\temail = ${quoted(person.email)}`, "[gc]", "\tauto = 0", ""],
  ].join("\n");
};

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/** Its branches, and the tags, by which builds name versions; no other branches: those are other people's work. */
const refsOf = async (
  repository: GitPlace,
  branches: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> => {
  const asked = ["for-each-ref", `--count=${MAX_TAGS}`, "--format=%(objectname) %(refname)", "refs/tags"];
  const { stdout } = await git(repository, asked, { signal });
  const refs = [
    ...stdout.split("\n").filter((line) => line !== ""),
    ...Object.entries(branches).map(([name, commit]) => `${commit} refs/heads/${name}`),
  ];
  const byName = (line: string): string => line.slice(line.indexOf(" ") + 1);
  const inOrder = refs.toSorted((one, other) => Buffer.compare(Buffer.from(byName(one)), Buffer.from(byName(other))));
  return `# pack-refs with: sorted \n${inOrder.map((line) => `${line}\n`).join("")}`;
};

const copyIfThere = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
};

const refusal = (description: string): Error =>
  invalidArgument("coding agent", [{ field: "coding.repository", description }]);

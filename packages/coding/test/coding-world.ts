/** A repository, and a node whose agents are a program that does what its task says. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export interface TestRepository {
  readonly folder: string;
  git(...args: readonly string[]): string;
  /** Of a branch; null: it is not there. */
  read(branch: string, path: string): string | null;
  branches(): readonly string[];
  /** Worktrees beside its own. */
  worktrees(): readonly string[];
}

export const openTestRepository = async (
  files: Readonly<Record<string, string>> = { "a.txt": "one\n" },
): Promise<TestRepository> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-repository-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, {
      ...{ cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
      env: {
        ...{ PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1" },
        ...{ GIT_AUTHOR_NAME: "Ann", GIT_AUTHOR_EMAIL: "ann@example.com" },
        ...{ GIT_COMMITTER_NAME: "Ann", GIT_COMMITTER_EMAIL: "ann@example.com" },
      },
    }).trimEnd();
  git("init", "-q", "-b", "main");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", "Begin");
  return {
    folder,
    git,
    read(branch, path) {
      try {
        return git("show", `${branch}:${path}`);
      } catch {
        return null;
      }
    },
    branches: () =>
      git("branch", "--format=%(refname:short)")
        .split("\n")
        .filter((name) => name !== "main"),
    worktrees: () => git("worktree", "list", "--porcelain").split("\n\n").slice(1),
  };
};

/** Processes of this machine whose environment or command line holds that text. */
export const processesWith = (text: string): readonly number[] =>
  readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const found = ["environ", "cmdline"].some((file) => readFileSync(`/proc/${name}/${file}`, "utf8").includes(text));
      return found ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

export const runsIn = (dataDirectory: string): readonly string[] => {
  const folder = join(dataDirectory, "coding", "runs");
  return existsSync(folder) ? readdirSync(folder) : [];
};

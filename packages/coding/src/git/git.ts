/**
 * Git as this package uses it: never by a shell, with nothing of what a repository, or whoever works in it, could have it run. Hooks, helpers, filters, drivers
 * and monitors are overridden by name for each call; settings of the machine and of accounts are not read.
 */
import { execFile } from "node:child_process";
import { PlatformError } from "@agentcore/contract";

/** Where a call works: found from `folder`, or said outright, since a worktree's own `.git` belongs to whoever worked in it. */
export interface GitPlace {
  readonly folder: string;
  readonly gitDir?: string | undefined;
  /** An index of the call's own. @default that of the worktree */
  readonly index?: string | undefined;
}

export interface GitPerson {
  readonly name: string;
  readonly email: string;
}

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of commits. */
  readonly person?: GitPerson | undefined;
  readonly stdin?: string | undefined;
  /** Exit codes that are answers. @default 0 alone */
  readonly accepts?: readonly number[] | undefined;
  /** Of its output; more fails it with TOO_LARGE. @default 16 MiB */
  readonly maxBytes?: number | undefined;
}

export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
}

const TIMEOUT_MS = 300_000;
const MAX_BYTES = 16 * 2 ** 20;

const OVERRIDES: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.untrackedCache", "false"],
  ["core.sshCommand", "false"],
  ["core.gitProxy", ""],
  ["core.askPass", ""],
  ["core.editor", "false"],
  ["core.pager", "cat"],
  ["core.attributesFile", "/dev/null"],
  ["core.excludesFile", "/dev/null"],
  ["core.alternateRefsCommand", ""],
  ["core.protectHFS", "true"],
  ["core.protectNTFS", "true"],
  ["credential.helper", ""],
  ["diff.external", ""],
  ["diff.ignoreSubmodules", "all"],
  ["commit.gpgSign", "false"],
  ["merge.verifySignatures", "false"],
  ["merge.autoStash", "false"],
  ["log.showSignature", "false"],
  ["gpg.program", "false"],
  ["rerere.enabled", "false"],
  ["submodule.recurse", "false"],
  ["status.submoduleSummary", "false"],
  ["protocol.allow", "never"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["advice.detachedHead", "false"],
];

// Those that look at no file and no index: all others may ask filters and drivers (`write-tree` does).
const SPARED: ReadonlySet<string> = new Set(["rev-parse", "merge-base", "update-ref", "symbolic-ref", "cat-file"]);

/** Throws INVALID_ARGUMENT where there is no git, INTERNAL with what git said where it refuses. */
export const git = async (place: GitPlace, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> => {
  const drivers = SPARED.has(args[0] ?? "") ? [] : await driversOf(place, options.signal);
  const answer = await run(place, args, [...OVERRIDES, ...drivers], options);
  const { accepts = [0] } = options;
  if (accepts.includes(answer.exitCode)) return answer;
  throw new PlatformError(
    "INTERNAL",
    `git ${args[0]} failed: ${answer.stderr.trim().slice(0, 2_000) || answer.exitCode}`,
  );
};

/** Filters, and drivers of merges and diffs, have names of their own; each that is set is taken away. Reading settings runs nothing. */
const driversOf = async (place: GitPlace, signal?: AbortSignal): Promise<(readonly [string, string])[]> => {
  const pattern = "^(filter|merge|diff)\\..*\\.(clean|smudge|process|required|driver|command|textconv)$";
  const asked = ["config", "-z", "--name-only", "--get-regexp", pattern];
  const { stdout } = await run(place, asked, OVERRIDES, { signal });
  return [...new Set(stdout.split("\0"))].flatMap((key) => (key === "" ? [] : [[key, harmless(key)] as const]));
};

const harmless = (key: string): string => {
  if (key.endsWith(".required")) return "false";
  // An empty one would take our side of a conflict for the whole of it; one that fails is a conflict.
  return key.endsWith(".driver") ? "false" : "";
};

const run = (
  { folder, gitDir, index }: GitPlace,
  args: readonly string[],
  overrides: readonly (readonly [string, string])[],
  { signal, person, stdin = "", maxBytes = MAX_BYTES }: GitOptions,
): Promise<GitAnswer & { readonly stderr: string }> => {
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    ...{ HOME: "/nonexistent", LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", GIT_NO_LAZY_FETCH: "1" },
    ...{ GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_ATTR_NOSYSTEM: "1", GIT_EDITOR: "false" },
    GIT_CONFIG_COUNT: String(overrides.length),
    ...Object.fromEntries(
      overrides.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
    ...(gitDir === undefined ? {} : { GIT_DIR: gitDir, GIT_WORK_TREE: folder }),
    ...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
    ...(person === undefined
      ? {}
      : {
          ...{ GIT_AUTHOR_NAME: person.name, GIT_AUTHOR_EMAIL: person.email },
          ...{ GIT_COMMITTER_NAME: person.name, GIT_COMMITTER_EMAIL: person.email },
        }),
  };
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      env,
      maxBuffer: maxBytes,
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL" as const,
      signal,
    };
    const child = execFile("git", args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ exitCode: 0, stdout, stderr });
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (typeof error.code === "number") return resolve({ exitCode: error.code, stdout, stderr });
      reject(explained(error, args, folder, maxBytes));
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(stdin);
  });
};

const explained = (
  cause: Error & { readonly code?: string | number | null | undefined },
  args: readonly string[],
  folder: string,
  maxBytes: number,
): PlatformError => {
  if (cause.code === "ENOENT")
    return new PlatformError("INVALID_ARGUMENT", `git cannot be run in ${folder}: there is no such folder, or no git`, {
      cause,
    });
  if (cause.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
    return new PlatformError("TOO_LARGE", `git ${args[0]} has more to say than ${maxBytes} bytes`, { cause });
  return new PlatformError("INTERNAL", `git ${args[0]} was ended: ${cause.message.slice(0, 500)}`, { cause });
};

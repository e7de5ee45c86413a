/**
 * What a program in a sandbox has of this machine.
 *
 *   to be written   its worktree; a stand-in for the repository's `.git` (stand-in.ts); a home of the task's own; a /tmp that goes with it
 *   to be read      what this run is told by files; the system's programs, PATH, where the commands lie, objects of the repository, and what its agent names
 *
 * All stand at the paths that they have here, so that what names them, as a worktree's `.git` does, holds inside and outside.
 */
import { chmod, lstat, mkdir, readdir, realpath, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { type CodingSpec, PlatformError } from "@agentcore/contract";
import type {
  ContainedProgram,
  NetworkOptions,
  ProgramProcess,
  ProgramSandbox,
  ReadOnlyMount,
} from "@agentcore/sandbox";
import type { GitPerson, GitPlace } from "../git/git.ts";
import type { Launch, Launched } from "../process/launch.ts";
import { MARKER_VARIABLE } from "../process/process-identity.ts";
import { CODING_DEFAULTS } from "../run/coding-defaults.ts";
import type { RunPaths } from "../work/run-record.ts";
import { programMounts } from "./program-mounts.ts";
import { makeStandIn } from "./stand-in.ts";

export interface WallsRequest extends NetworkOptions {
  readonly sandbox: ProgramSandbox;
  readonly spec: CodingSpec;
  /** Of all of AgentCore on this node: nothing of it is shown but what is the task's. */
  readonly stateFolder: string;
  readonly paths: RunPaths;
  /** Where it works: a worktree of `commonDir`. */
  readonly place: GitPlace;
  readonly commonDir: string;
  readonly branches: Readonly<Record<string, string>>;
  /** Null: no branch is checked out there. */
  readonly branch: string | null;
  readonly person: GitPerson;
  /** Why a folder may not be read for the task's tenant; undefined: it may. */
  readonly refuse: (folder: string) => Promise<string | undefined>;
}

/** Where objects of the repository lie inside: below what the sandbox brings along itself. */
const OBJECTS = "/opt/agentcore/objects";

/** How programs are run within them. Nothing may run in the worktree meanwhile. */
export const openWalls = async (request: WallsRequest, signal: AbortSignal): Promise<Launch> => {
  const { sandbox, spec, paths, place, commonDir } = request;
  const { branches, branch, person, hostPolicy, onRefusedHost } = request;
  await makeStandIn({ commonDir, place, folder: paths.git, objects: OBJECTS, branches, branch, person }, signal);
  for (const folder of [paths.home, paths.program, paths.system]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeAccount(request);
  await assertReadable(request);
  await showToAll(paths.program);
  const own = [place.folder, paths.home].map((folder) => ({ from: folder, to: folder }));
  const writable = [...own, { from: paths.git, to: commonDir }];
  await sandbox.give(writable.map(({ from }) => from));
  const limits = { ...CODING_DEFAULTS.sandbox, ...limitsOf(spec) };
  return async ({ file, args, cwd, env, marker }) => {
    const readable = [
      { from: join(commonDir, "objects"), to: OBJECTS },
      { from: paths.program, to: paths.program },
      ...["passwd", "group", ...(limits.network === "host" ? [] : ["hosts"])].map((name) => ({
        from: join(paths.system, name),
        to: `/etc/${name}`,
      })),
      ...(await readableMounts(request, file, env)),
    ];
    const running = sandbox.start({
      ...{ argv: [file, ...args], directory: cwd, environment: env, readable, writable },
      ...{ limits, hostPolicy, onRefusedHost },
      mark: { [MARKER_VARIABLE]: marker },
    });
    return launchedOf(running);
  };
};

const launchedOf = ({ stdin, stdout, stderr, ask, kill, ended }: ProgramProcess): Launched => ({
  ...{ stdin, stdout, stderr, ask, kill },
  exited: ended.then(({ exitCode, limit }) => ({
    exitCode,
    limit: limit === "memoryBytes" ? "memory" : limit === "cpuMs" ? "processor" : null,
  })),
  // What it left behind ended with it.
  finish: async () => undefined,
});

const readableMounts = async (
  { stateFolder, spec, refuse }: WallsRequest,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly ReadOnlyMount[]> => {
  const certificates = [env["SSL_CERT_FILE"], env["NODE_EXTRA_CA_CERTS"]].filter((path) => path !== undefined);
  const named = await Promise.all((spec.sandbox?.readable ?? []).map((path) => namedMount(path, refuse)));
  const others = await Promise.all(
    certificates.map(async (path) => ({ from: await realpath(path).catch(() => null), to: path })),
  );
  const mounts = [
    ...(await programMounts(env["PATH"], [file])),
    ...named,
    ...others.flatMap(({ from, to }) => (from === null ? [] : [{ from, to }])),
  ];
  // The database and other tasks' work lie beside its own.
  const hidden = await realpath(dirname(stateFolder));
  for (const { from, to } of [...mounts.filter((mount) => "from" in mount), ...SYSTEM_MOUNTS])
    if (isWithin(hidden, from) || isWithin(from, hidden))
      throw new PlatformError(
        "CONFIG_INVALID",
        `a program in a sandbox is to read ${to}, where this node's own data lies (${hidden})`,
        { details: { nextStep: "Keep the data folder apart from programs, PATH and what sandbox.readable names." } },
      );
  return mounts;
};

// Which every sandbox has.
const SYSTEM_MOUNTS = [{ from: "/usr", to: "/usr" }];

const namedMount = async (
  path: string,
  refuse: WallsRequest["refuse"],
): Promise<{ readonly from: string; readonly to: string }> => {
  const from = await realpath(path).catch(() => {
    throw refusal(path, "is not there");
  });
  if (from === "/" || /^\/(proc|sys|dev)(\/|$)/.test(from)) throw refusal(path, "may not be given to a sandbox");
  const refused = await refuse(from);
  if (refused !== undefined) throw refusal(path, refused);
  return { from, to: path };
};

const refusal = (path: string, why: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `coding.sandbox.readable: ${path}: ${why}`);

const isWithin = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}${sep}`);

/** What is the repository's stays as it is. */
const assertReadable = async ({ sandbox, commonDir }: WallsRequest): Promise<void> => {
  const { mode, uid } = await lstat(join(commonDir, "objects"));
  const forAll = 0o005;
  if (uid === sandbox.account.uid || (mode & forAll) === forAll) return;
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `coding.repository: its objects may not be read by others, and in a sandbox a program is somebody else than this node's account`,
    { details: { nextStep: `Open them: chmod -R o+rX ${join(commonDir, "objects")}` } },
  );
};

/** It stays the node's own: some programs believe settings only in folders that they could not have written themselves. The folder around it lets nobody through. */
const showToAll = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755);
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
};

/** What programs look their account and this machine up in: theirs alone. */
const writeAccount = async ({ sandbox, paths }: WallsRequest): Promise<void> => {
  const { uid, gid } = sandbox.account;
  const files = {
    passwd: `program:x:${uid}:${gid}::${paths.home}:/bin/sh\n`,
    group: `program:x:${gid}:\n`,
    hosts: "127.0.0.1 localhost\n::1 localhost\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(paths.system, name), text, { mode: 0o644 });
};

/** Those that its agent sets. */
const limitsOf = ({ sandbox = {} }: CodingSpec): Partial<ContainedProgram["limits"]> =>
  Object.fromEntries(Object.entries(sandbox).filter(([name, value]) => name !== "readable" && value !== undefined));

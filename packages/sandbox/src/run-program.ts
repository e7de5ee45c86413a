/** A program of this machine, apart from it. */
import { realpathSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { type EndingLimit, readProgramLimits, type SandboxLimits } from "./limits/sandbox-limits.ts";
import type { Machine } from "./machine.ts";
import { type HostPolicy, type RefusedHost, startInNetwork } from "./network/start-in-network.ts";
import { boundedOutput } from "./process/bounded-output.ts";
import { type Mount, WORK_FOLDER } from "./process/contained-run.ts";
import type { Usage } from "./process/start-contained.ts";
import { systemPrograms } from "./system-folders.ts";

export interface BoundFolder {
  /** Of this machine, absolute. Links in it that lead out of it lead to nothing inside. */
  readonly path: string;
  /**
   * `read-write`: what is written there stays, and is bounded by `fileBytes` a file and not in sum. Whoever reads it afterwards must not
   * follow links in it. Refused where the node and the folder's user or group are root.
   */
  readonly access: "read-only" | "read-write";
}

export interface ProgramOptions {
  readonly limits?: Partial<SandboxLimits> | undefined;
  /** Files of its work folder, by relative path: at most 64. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  readonly stdin?: string | Uint8Array | undefined;
  /** Its whole environment, besides PATH, HOME, TMPDIR and LANG. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** There as `/folder`, where the program then starts. @default none: it starts in its work folder, `/work` */
  readonly folder?: BoundFolder | undefined;
  /** Further files and folders of this machine that it may read, at the same paths: absolute, at most 64. @default none */
  readonly readable?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  /** As a shell tells it: 128 + n after signal n, 127 when there is no such program. */
  readonly exitCode: number;
  /** The limit that it was ended for. */
  readonly limit?: EndingLimit | undefined;
  /** UTF-8; the first `outputBytes` of both together. */
  readonly stdout: string;
  readonly stderr: string;
  /** Where network names hosts: others that it asked for, each once, 20 at most. */
  readonly refusedHosts?: readonly RefusedHost[] | undefined;
  readonly usage: Usage;
}

export const BOUND_FOLDER = "/folder";
const MAX_FILES = 64;
// What the shell, bubblewrap and the pages of a work folder take: some 3 MiB were measured.
const BASE = { memoryBytes: 8 * 2 ** 20, dataBytes: 0 };

/**
 * Runs `argv` without a shell: the programs and libraries of this machine (`/usr`), read-only, a work folder of its own, and nothing else.
 * Resolves however it ended; rejects with the signal's reason, INVALID_ARGUMENT, or SANDBOX_UNAVAILABLE when this machine cannot hold
 * one of the limits.
 */
export const runProgram = async (
  argv: readonly string[],
  options: ProgramOptions,
  machine: Machine,
  hostPolicy?: HostPolicy,
): Promise<ProgramResult> => {
  const limits = readProgramLimits(options.limits);
  for (const [index, word] of argv.entries())
    if (typeof word !== "string" || word.includes("\0"))
      throw refusal(`argv[${index}]`, "expected text without a zero byte");
  if (argv[0] === undefined || argv[0] === "") throw refusal("argv", "expected a program and its arguments");
  const files = Object.entries(options.files ?? {}).map(([path, content]) => ({ path, content: bytesOf(content) }));
  checkFiles(files, limits);
  const { folder } = options;
  const environment = readEnvironment(options.environment ?? {});
  const bound = folder === undefined ? undefined : openFolder(folder, machine);
  const refusedHosts: RefusedHost[] = [];
  const contained = startInNetwork(
    {
      argv,
      mounts: [
        ...systemPrograms(),
        ...readableMounts(options.readable ?? []),
        ...(bound === undefined ? [] : [bound.mount]),
      ],
      files,
      environment: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: WORK_FOLDER,
        TMPDIR: WORK_FOLDER,
        LANG: "C.UTF-8",
        ...environment,
      },
      directory: bound === undefined ? (limits.fileBytes === 0 ? "/" : WORK_FOLDER) : BOUND_FOLDER,
      limits,
      base: BASE,
      onlyThreads: false,
      owner: bound?.owner,
    },
    machine,
    { hostPolicy, onRefusedHost: (refused) => refusedHosts.push(refused) },
    options.signal,
  );
  const output = boundedOutput(limits.outputBytes, () => contained.exceed("outputBytes"));
  const [stdout, stderr] = [output.add(contained.stdout), output.add(contained.stderr)];
  contained.stdin.end(options.stdin);
  const { exitCode, limit, usage } = await contained.ended;
  return {
    ...{ exitCode, ...(limit === undefined ? {} : { limit }), stdout: stdout(), stderr: stderr() },
    ...(refusedHosts.length === 0 ? {} : { refusedHosts }),
    usage,
  };
};

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? Buffer.from(content) : content;

const checkFiles = (files: readonly { path: string; content: Uint8Array }[], limits: SandboxLimits): void => {
  if (files.length > MAX_FILES) throw refusal("files", `expected at most ${MAX_FILES}, got ${files.length}`);
  for (const { path } of files)
    if (path.length > 255 || path.includes("\0") || path.split("/").some((part) => ["", ".", ".."].includes(part)))
      throw refusal("files", `expected relative paths without "." and "..", got ${JSON.stringify(path)}`);
  const bytes = files.reduce((sum, { content }) => sum + content.byteLength, 0);
  if (bytes > limits.fileBytes)
    throw refusal("files", `they have ${bytes} bytes, and limits.fileBytes is ${limits.fileBytes}`);
};

const readEnvironment = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  for (const [name, value] of Object.entries(given))
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes("\0"))
      throw refusal(
        "environment",
        `expected names of letters, digits and "_", and text as values; ${JSON.stringify(name)} is none`,
      );
  return given;
};

/** A program runs as whoever the folder belongs to, but never as root: it could leave a file there that makes others root. */
const openFolder = ({ path, access }: BoundFolder, { isRoot }: Machine) => {
  const from = existing("folder.path", path);
  const { uid, gid } = statSync(from);
  const isWritable = access === "read-write";
  const mount: Mount = { from, to: BOUND_FOLDER, isWritable };
  if (!isRoot || (uid !== 0 && gid !== 0)) return { mount, owner: { uid, gid } };
  if (isWritable) throw refusal("folder.path", `${path} belongs to root; give it to another account first (chown)`);
  return { mount, owner: undefined };
};

const readableMounts = (paths: readonly string[]): Mount[] => {
  if (paths.length > MAX_FILES) throw refusal("readable", `expected at most ${MAX_FILES} paths, got ${paths.length}`);
  return paths.map((path, index) => ({ from: existing(`readable[${index}]`, path), to: path }));
};

/** Where it really is. The whole of the machine is no folder to be given. */
const existing = (field: string, path: string): string => {
  if (!isAbsolute(path) || path.includes("\0"))
    throw refusal(field, `expected an absolute path, got ${JSON.stringify(path)}`);
  let found: string;
  try {
    found = realpathSync(path);
  } catch {
    throw refusal(field, `there is no ${path}`);
  }
  if (found === "/" || /^\/(proc|sys|dev)(\/|$)/.test(found))
    throw refusal(field, `${path} may not be given to a sandbox`);
  return found;
};

const refusal = (field: string, description: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `${field}: ${description}`, { violations: [{ field, description }] });

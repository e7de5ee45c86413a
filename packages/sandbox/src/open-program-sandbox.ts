/** Programs of this machine, apart from it, whose output is read as it comes: for work that takes long and leaves something in folders of this machine. */
import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { removeOrphans } from "./cgroups/open-cgroup.ts";
import { readProgramLimits, type SandboxLimits } from "./limits/sandbox-limits.ts";
import { openMachine, sandboxUnavailable } from "./machine.ts";
import { type NetworkOptions, startInNetwork } from "./network/start-in-network.ts";
import type { ReadOnlyMount } from "./open-node-sandbox.ts";
import { NOBODY } from "./process/bubblewrap-arguments.ts";
import { TEMPORARY_FOLDER } from "./process/contained-run.ts";
import type { Ending } from "./process/start-contained.ts";
import { systemPrograms } from "./system-folders.ts";

/** A folder of this machine that may be written to: all that is written there stays. */
export interface WritableMount {
  readonly from: string;
  readonly to: string;
}

export interface ContainedProgram extends NetworkOptions {
  /** A program by its path inside, and its arguments; no shell reads them. */
  readonly argv: readonly string[];
  /** Where it starts: a path inside. */
  readonly directory: string;
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Besides the system's programs and libraries. */
  readonly readable: readonly ReadOnlyMount[];
  /** Given to it before by `give`. They lie over what is readable at the same paths. */
  readonly writable: readonly WritableMount[];
  /** `fileBytes`: of each file, and of its private /tmp as a whole. What it prints is the caller's to bound; its time on the wall, too. */
  readonly limits: Pick<SandboxLimits, "memoryBytes" | "cpuMs" | "fileBytes" | "processes" | "network">;
  /** In the environment of the processes that hold it, so that they are found after a crash: what runs inside cannot change it. */
  readonly mark: Readonly<Record<string, string>>;
}

export interface ProgramProcess {
  readonly stdin: Writable;
  /** Both are to be read: it waits while nobody does, and has not ended before they have. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Asks it to end; what is not of its group any more is not asked. */
  ask(): void;
  /** Ends it at once, with all that it began. */
  kill(): void;
  /** Once all of it is gone. Rejects with SANDBOX_UNAVAILABLE when it could not begin. */
  readonly ended: Promise<Ending>;
}

export interface ProgramSandbox {
  /** Ended with this process, whatever that dies of. Throws SANDBOX_UNAVAILABLE, INVALID_ARGUMENT. */
  start(program: ContainedProgram): ProgramProcess;
  /**
   * Lets programs write to folders, and to all that is in them: where this process is root, which no program is, they become nobody's. The folders themselves are
   * opened for all to read, so they are to lie where nobody else comes. No link in them is followed, and nothing may run there meanwhile.
   */
  give(folders: readonly string[]): Promise<void>;
  /** Whom programs run as. */
  readonly account: { readonly uid: number; readonly gid: number };
}

// What the shell, bubblewrap and the pages of a work folder take.
const BASE = { memoryBytes: 8 * 2 ** 20, dataBytes: 0 };
// What builds and watchers of files take is more than what a tool does.
const OPEN_FILES = 16_384;

/** Tries it with a program that does nothing, some 15 ms. Throws SANDBOX_UNAVAILABLE, which says what is missing on this machine. */
export const openProgramSandbox = async (): Promise<ProgramSandbox> => {
  const machine = openMachine();
  // Of a node that was killed.
  if (machine.cgroups.version !== null) await removeOrphans(machine.cgroups);
  const start = ({ argv, directory, environment, readable, writable, limits, mark, ...network }: ContainedProgram) => {
    const contained = startInNetwork(
      {
        ...{ argv, directory, environment, mark, base: BASE, files: [], onlyThreads: false },
        mounts: [...[...systemPrograms(), ...readable], ...writable.map((mount) => ({ ...mount, isWritable: true }))],
        limits: { ...readProgramLimits(limits), wallMs: null },
        ...{ scratchFolder: TEMPORARY_FOLDER, openFiles: OPEN_FILES },
      },
      machine,
      network,
    );
    const { stdin, stdout, stderr, ask, kill, ended } = contained;
    return { stdin, stdout, stderr, ask, kill, ended };
  };
  await tryOut(start);
  return {
    start,
    async give(folders) {
      // Bubblewrap starts the program there before it is nobody, and as root no more.
      for (const folder of folders) await chmod(folder, 0o755);
      if (!machine.isRoot || folders.length === 0) return;
      await promisify(execFile)("chown", ["-R", "-h", "-P", `${NOBODY.uid}:${NOBODY.gid}`, "--", ...folders]);
    },
    account: machine.isRoot ? NOBODY : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  };
};

const MIB = 2 ** 20;

const tryOut = async (start: ProgramSandbox["start"]): Promise<void> => {
  const limits = { memoryBytes: 64 * MIB, cpuMs: 10_000, fileBytes: MIB, processes: 8, network: "none" } as const;
  const tried = start({
    ...{ argv: ["/bin/true"], directory: "/", environment: {}, readable: [], writable: [], mark: {}, limits },
  });
  tried.stdin.end();
  tried.stdout.resume();
  tried.stderr.resume();
  const { exitCode } = await tried.ended;
  if (exitCode !== 0)
    throw sandboxUnavailable(
      `a program that does nothing ended with ${exitCode} in a sandbox`,
      "See agentcore doctor.",
    );
};

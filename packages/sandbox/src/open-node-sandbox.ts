/** Node apart from this machine, for as long as whoever started it wants. It runs modules of this machine, at the paths that they have here. */
import type { Duplex, Readable } from "node:stream";
import { removeOrphans } from "./cgroups/open-cgroup.ts";
import { NODE } from "./guest-files.ts";
import { readProgramLimits, type SandboxLimits } from "./limits/sandbox-limits.ts";
import { openMachine } from "./machine.ts";
import { type Mount, WORK_FOLDER } from "./process/contained-run.ts";
import { type Ending, startContained } from "./process/start-contained.ts";
import { systemLibraries } from "./system-folders.ts";

/** What is there to be read: a file or folder of this machine, or a link. */
export type ReadOnlyMount =
  | { readonly from: string; readonly to: string }
  | { readonly target: string; readonly to: string };

export interface NodeProgram {
  /** Options of Node, the module, its arguments: by paths that `readable` has. */
  readonly words: readonly string[];
  /** All that it finds besides Node, the system's libraries and its work folder, which is HOME and TMPDIR. */
  readonly readable: readonly ReadOnlyMount[];
  /** Its whole environment, besides HOME and TMPDIR. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: Pick<SandboxLimits, "memoryBytes" | "fileBytes" | "processes">;
}

export interface NodeProcess {
  /** Its descriptors 3 and 4. */
  readonly channels: readonly [Duplex, Duplex];
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** What it has used of the processor until now, all its threads and processes together. */
  cpuMs(): number;
  /** Ends it at once, with all that it began. */
  kill(): void;
  /** Once all of it is gone. Rejects with SANDBOX_UNAVAILABLE when it could not begin, and with the reason of `kill`. */
  readonly ended: Promise<Ending>;
}

export interface NodeSandbox {
  /** It is ended with this process, and by nothing but its memory before that. Throws SANDBOX_UNAVAILABLE, INVALID_ARGUMENT. */
  start(program: NodeProgram): NodeProcess;
}

// Of memory, what bubblewrap and the pages of a work folder take.
const BASE = { memoryBytes: 8 * 2 ** 20, dataBytes: 0 };

/** Throws SANDBOX_UNAVAILABLE when something is missing on this machine, and says what. */
export const openNodeSandbox = async (): Promise<NodeSandbox> => {
  const machine = openMachine();
  if (machine.cgroups.version !== null) await removeOrphans(machine.cgroups);
  return {
    start({ words, readable, environment, limits }) {
      const stop = new AbortController();
      const mounts: readonly Mount[] = [...systemLibraries(), { from: process.execPath, to: NODE }, ...readable];
      const contained = startContained(
        {
          ...{ argv: [NODE, ...words], mounts, files: [], directory: WORK_FOLDER, base: BASE },
          environment: { ...environment, HOME: WORK_FOLDER, TMPDIR: WORK_FOLDER },
          limits: { ...readProgramLimits(limits), cpuMs: null, wallMs: null },
          ...{ onlyThreads: false, channels: 2 },
        },
        machine,
        stop.signal,
      );
      contained.stdin.end();
      return {
        channels: contained.channels as [Duplex, Duplex],
        stdout: contained.stdout,
        stderr: contained.stderr,
        cpuMs: contained.cpuMs,
        kill: () => stop.abort(),
        ended: contained.ended,
      };
    },
  };
};

/**
 * Python starts in two to three seconds, and in half of one from what its memory was once it had. That is made when first wanted, without
 * any code of others, and kept in a folder that only this account may look
 * into: 30 MB, until it is closed. Runs have it mounted read-only: a descriptor could be opened again for writing, by who runs as this account.
 */
import { chmod, type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodeOptions, CodeResult } from "./code-result.ts";
import { guestEntry, guestMounts, NODE, packageFolder } from "./guest-files.ts";
import { DEFAULT_LIMITS } from "./limits/sandbox-limits.ts";
import { type Machine, sandboxUnavailable } from "./machine.ts";
import { boundedOutput } from "./process/bounded-output.ts";
import { TOOL_FOLDER } from "./process/contained-run.ts";
import { startContained } from "./process/start-contained.ts";
import { type GuestProgram, runGuest } from "./run-guest.ts";

// Its memory snapshots are not declared: what holds of this version may not hold of the next.
const VERSION = "314.0.7";
const BASE = { memoryBytes: 256 * 2 ** 20, dataBytes: 1_280 * 2 ** 20 };
const SNAPSHOT_LIMITS = { ...DEFAULT_LIMITS, memoryBytes: 512 * 2 ** 20, wallMs: 120_000, cpuMs: 60_000 };
const MAX_SNAPSHOT_BYTES = 128 * 2 ** 20;
const SAID_BYTES = 4_096;
const SNAPSHOT = `${TOOL_FOLDER}/snapshot`;

export interface Python {
  run(code: string, options: CodeOptions): Promise<CodeResult>;
  close(): Promise<void>;
}

export const pythonProgram = (): GuestProgram => ({
  argv: [NODE, guestEntry("python")],
  mounts: guestMounts({ pyodide: packageFolder("pyodide", VERSION) }),
  base: BASE,
});

export const openPython = (machine: Machine): Python => {
  let snapshot: Promise<Snapshot> | undefined;
  const started = async (program: GuestProgram): Promise<Snapshot> => {
    snapshot ??= makeSnapshot(program, machine).catch((error: unknown) => {
      // What was in the way may be gone the next time.
      snapshot = undefined;
      throw error;
    });
    return snapshot;
  };
  return {
    async run(code, options) {
      const program = pythonProgram();
      const { path } = await started(program);
      const mounts = [...program.mounts, { from: path, to: SNAPSHOT }];
      return runGuest({ ...program, argv: [...program.argv, SNAPSHOT], mounts }, code, options, machine);
    },
    async close() {
      const made = await snapshot?.catch(() => undefined);
      snapshot = undefined;
      if (made !== undefined) await rm(made.folder, { recursive: true, force: true });
    },
  };
};

interface Snapshot {
  readonly folder: string;
  readonly path: string;
}

const makeSnapshot = async (program: GuestProgram, machine: Machine): Promise<Snapshot> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-python-"));
  try {
    const path = join(folder, "snapshot");
    const written = await open(path, "wx", 0o600);
    try {
      await fill(written, program, machine);
    } finally {
      await written.close();
    }
    // Inside it may be read by nobody, in both senses; outside the folder is in the way.
    await chmod(path, 0o444);
    return { folder, path };
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
};

const fill = async (file: FileHandle, program: GuestProgram, machine: Machine): Promise<void> => {
  const contained = startContained(
    {
      ...{ argv: [...program.argv, "snapshot"], mounts: program.mounts, base: program.base, descriptor: file.fd },
      ...{ files: [], environment: { LANG: "C.UTF-8" }, directory: "/", onlyThreads: true },
      limits: { ...SNAPSHOT_LIMITS, fileBytes: 0, processes: 1 },
      maxFileBytes: MAX_SNAPSHOT_BYTES,
    },
    machine,
  );
  const said = boundedOutput(SAID_BYTES, () => {}).add(contained.stderr);
  contained.stdout.resume();
  contained.stdin.end();
  const { exitCode, limit } = await contained.ended;
  if (exitCode === 0) return;
  const why =
    limit === undefined ? `exit code ${exitCode}: ${said().slice(-500)}` : `it needs more than its limit ${limit}`;
  throw sandboxUnavailable(`Python did not start (${why})`, "`agentcore doctor` shows what works here.");
};

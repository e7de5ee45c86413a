/**
 * Python starts in two to three seconds, and in half of one from what its memory was once it had. That is made when first wanted, without
 * any code of others, and kept in a file without a name: 30 MB, which go with this process.
 */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodeOptions, CodeResult } from "./code-result.ts";
import { guestEntry, guestMounts, NODE, packageFolder } from "./guest-files.ts";
import { DEFAULT_LIMITS } from "./limits/sandbox-limits.ts";
import { type Machine, sandboxUnavailable } from "./machine.ts";
import { boundedOutput } from "./process/bounded-output.ts";
import { startContained } from "./process/start-contained.ts";
import { type GuestProgram, runGuest } from "./run-guest.ts";

// Its memory snapshots are not declared: what holds of this version may not hold of the next.
const VERSION = "314.0.7";
const BASE = { memoryBytes: 256 * 2 ** 20, dataBytes: 1_280 * 2 ** 20 };
const SNAPSHOT_LIMITS = { ...DEFAULT_LIMITS, memoryBytes: 512 * 2 ** 20, wallMs: 120_000, cpuMs: 60_000 };
const MAX_SNAPSHOT_BYTES = 128 * 2 ** 20;
const SAID_BYTES = 4_096;

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
  let snapshot: Promise<FileHandle> | undefined;
  const started = async (program: GuestProgram): Promise<FileHandle> => {
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
      const { fd } = await started(program);
      return runGuest({ ...program, descriptor: fd }, code, options, machine);
    },
    async close() {
      const made = await snapshot?.catch(() => undefined);
      snapshot = undefined;
      await made?.close();
    },
  };
};

const makeSnapshot = async (program: GuestProgram, machine: Machine): Promise<FileHandle> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-python-"));
  try {
    const path = join(folder, "snapshot");
    const written = await open(path, "wx", 0o600);
    try {
      await fill(written, program, machine);
    } finally {
      await written.close();
    }
    return await open(path, "r");
  } finally {
    await rm(folder, { recursive: true });
  }
};

const fill = async (file: FileHandle, program: GuestProgram, machine: Machine): Promise<void> => {
  const contained = startContained(
    {
      ...{ argv: [...program.argv, "snapshot"], mounts: program.mounts, base: program.base, descriptor: file.fd },
      ...{ files: [], environment: { LANG: "C.UTF-8" }, directory: "/", onlyThreads: true, hasChannel: false },
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

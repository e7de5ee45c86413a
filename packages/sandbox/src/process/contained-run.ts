import type { SandboxLimits } from "../limits/sandbox-limits.ts";

/** What a process finds at `to`. */
export type Mount =
  | { readonly from: string; readonly to: string; readonly isWritable?: boolean; readonly isOptional?: boolean }
  | { readonly target: string; readonly to: string };

/** `null`: its time is another's to watch. */
type ContainedLimits = Omit<SandboxLimits, "cpuMs" | "wallMs"> & {
  readonly cpuMs: number | null;
  readonly wallMs: number | null;
};

/** One process to be, with all it may see. */
export interface ContainedRun {
  /** A program inside and its arguments. */
  readonly argv: readonly string[];
  readonly mounts: readonly Mount[];
  /** Made in its work folder, which is there when the limits have room for files. */
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly limits: ContainedLimits;
  /** What it takes before it does anything; added to `limits.memoryBytes`. */
  readonly base: { readonly memoryBytes: number; readonly dataBytes: number };
  /** Milliseconds it has until `begin()` is called; its limits of time count from there. @default they count from its start */
  readonly startMs?: number | undefined;
  /** It may have no process besides its own. Only such a one can be held without a cgroup. */
  readonly onlyThreads: boolean;
  /** Its descriptors that lead here: 3, or 3 and 4. @default 0 */
  readonly channels?: 1 | 2 | undefined;
  /** Its descriptor 3 is a channel of messages and handles, as Node's child processes have it. @default false */
  readonly hasMessages?: boolean | undefined;
  /** Whom it runs as where this process is root. @default nobody */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** A file that it has as descriptor 4 in place of a channel, and the most that it may write to such a one. @default `limits.fileBytes` */
  readonly descriptor?: number | undefined;
  readonly maxFileBytes?: number | undefined;
  /** Its folder of what goes with it, which is there when the limits have room for files. @default `/work`, which `/tmp` then leads to */
  readonly scratchFolder?: typeof WORK_FOLDER | typeof TEMPORARY_FOLDER | undefined;
  /** Files that each of its processes may have open. @default 1024 */
  readonly openFiles?: number | undefined;
  /** The environment of the processes that hold it, by which whoever comes after a crash knows them: what runs inside cannot change it. @default none */
  readonly mark?: Readonly<Record<string, string>> | undefined;
}

export const WORK_FOLDER = "/work";
export const TEMPORARY_FOLDER = "/tmp";
/** What the sandbox brings along itself. */
export const TOOL_FOLDER = "/opt/agentcore";

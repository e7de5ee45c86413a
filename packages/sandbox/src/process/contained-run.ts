import type { SandboxLimits } from "../limits/sandbox-limits.ts";

/** What a process finds at `to`. */
export type Mount =
  | { readonly from: string; readonly to: string; readonly isWritable?: boolean; readonly isOptional?: boolean }
  | { readonly target: string; readonly to: string };

/** One process to be, with all it may see. */
export interface ContainedRun {
  /** A program inside and its arguments. */
  readonly argv: readonly string[];
  readonly mounts: readonly Mount[];
  /** Made in its work folder, which is there when the limits have room for files. */
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly limits: SandboxLimits;
  /** What it takes before it does anything; added to `limits.memoryBytes`. */
  readonly base: { readonly memoryBytes: number; readonly dataBytes: number };
  /** Milliseconds it has until `begin()` is called; its limits of time count from there. @default they count from its start */
  readonly startMs?: number | undefined;
  /** It may have no process besides its own. Only such a one can be held without a cgroup. */
  readonly onlyThreads: boolean;
  /** Whether it has a descriptor 3 that leads here. */
  readonly hasChannel: boolean;
  /** Whom it runs as where this process is root. @default nobody */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** A file that it has as descriptor 4, and the most that it may write to such a one. @default `limits.fileBytes` */
  readonly descriptor?: number | undefined;
  readonly maxFileBytes?: number | undefined;
}

export const WORK_FOLDER = "/work";
/** What the sandbox brings along itself. */
export const TOOL_FOLDER = "/opt/agentcore";
